using System.Text.Json;
using Hearth.Client;
using Hearth.Contracts;
using Hearth.Evaluation;
using Hearth.Training;

namespace Hearth;

/// <summary>What a model makes of the two held-out sets: problems in trained wordings, and in wordings that were never trained.</summary>
internal sealed record DemoEvaluation(WorkedAnswerSummary HeldOut, WorkedAnswerSummary NewPhrasings)
{
    /// <summary>Requests in flight: the server batches what comes together.</summary>
    private const int Concurrency = 16;

    /// <summary>A worked answer has some 70 tokens; an untuned model may ramble.</summary>
    private const int MaxTokens = 160;

    /// <summary>Asks every problem through the chat API, greedily.</summary>
    public static async Task<DemoEvaluation> RunAsync(HearthClient client, string model, DemoDataset data, CancellationToken cancellationToken)
    {
        var scores = new WorkedAnswerScore[data.HeldOut.Count + data.NewPhrasings.Count];
        ChatExample[] rows = [.. data.HeldOut, .. data.NewPhrasings];
        await Parallel.ForAsync(0, rows.Length, new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken },
            async (i, token) => scores[i] = WorkedAnswerGrader.Grade(await AskAsync(client, model, rows[i].Prompt, token), rows[i].Answer));
        return new DemoEvaluation(WorkedAnswerSummary.Of(scores[..data.HeldOut.Count]), WorkedAnswerSummary.Of(scores[data.HeldOut.Count..]));
    }

    /// <summary>The greedy request that the demo makes for a prompt.</summary>
    public static ChatCompletionRequest RequestOf(string model, IReadOnlyList<ChatTurn> prompt) => new()
    {
        Model = model,
        Messages = JsonSerializer.SerializeToElement(prompt.Select(turn => new { role = turn.Role, content = turn.Content })),
        Temperature = 0,
        MaxTokens = MaxTokens,
    };

    private static async Task<string> AskAsync(HearthClient client, string model, IReadOnlyList<ChatTurn> prompt, CancellationToken cancellationToken) =>
        (await client.ChatAsync(RequestOf(model, prompt), cancellationToken)).Choices[0].Message.Content;
}
