using Hearth.Inference;
using Hearth.Models;
using Hearth.Numerics;
using Hearth.Tokenization;

namespace Hearth.Training;

/// <summary>How well a model does the curriculum's tasks: greedy answers to held-out rows, judged exactly, and the loss of the right answers.</summary>
public static class CurriculumExam
{
    private const int MaxAnswerTokens = 160;

    /// <summary>Result of one task. Loss: mean over the answers' tokens, nats.</summary>
    public sealed record TaskResult(string Task, int Rows, int Right, double Loss)
    {
        /// <summary>Share of right answers.</summary>
        public double Accuracy => (double)Right / Rows;
    }

    /// <summary>Examines the model in <paramref name="folder"/> on <paramref name="rows"/> held-out rows of every task.</summary>
    public static IEnumerable<TaskResult> Run(string folder, ulong seed, int rows, CancellationToken cancellationToken)
    {
        using var files = ModelFiles.Open(folder);
        var tokenizer = Tokenizer.Load(files.TokenizerFile!);
        using var engine = new Engine(ModelRunner.Load(files), new EngineOptions { EosTokenIds = files.Configuration.EosTokenIds });
        using var pool = ComputePool.CreateDefault();
        using var model = TransformerModel.LoadTrainable(files); // the same numbers, widened: the loss needs the trainer's pass
        using var pass = new TrainingPass(model, adapter: null, pool);
        var curriculum = new Curriculum(seed);
        foreach (string task in Curriculum.TaskNames)
        {
            var examples = curriculum.HeldOut(task, rows);
            var answers = Task.WhenAll(examples.Select(example => AnswerAsync(engine, tokenizer, example, cancellationToken))).GetAwaiter().GetResult();
            int right = examples.Zip(answers).Count(pair => Curriculum.IsCorrect(pair.First, pair.Second));
            var packed = examples.Select(example => new PackedRow([AnswerOnly(PretrainTokenizer.Render(tokenizer, example, 0f), tokenizer)])).ToArray();
            yield return new TaskResult(task, rows, right, StepRunner.Evaluate(pass, packed, microbatchTokens: 1024, cancellationToken));
        }
    }

    private static async Task<string> AnswerAsync(Engine engine, Tokenizer tokenizer, ChatExample example, CancellationToken cancellationToken)
    {
        var prompt = PretrainTokenizer.Render(tokenizer, example with { Turns = [.. example.Prompt] }, 0f).TokenIds;
        var completions = await engine.GenerateAsync(new GenerationOptions
        {
            PromptTokenIds = [.. prompt, tokenizer.TokenId("<|assistant|>")!.Value],
            MaxTokens = MaxAnswerTokens,
            Sampling = SamplingOptions.Greedy,
        }, cancellationToken);
        return tokenizer.Decode([.. completions[0].TokenIds], skipSpecial: true);
    }

    /// <summary>Only the last turn counts: earlier answers of a long chat are part of the prompt.</summary>
    private static TokenizedRow AnswerOnly(TokenizedRow row, Tokenizer tokenizer)
    {
        int start = Array.LastIndexOf(row.TokenIds, tokenizer.TokenId("<|assistant|>")!.Value);
        var weights = row.LossWeights.ToArray();
        Array.Clear(weights, 0, start + 1);
        return row with { LossWeights = weights };
    }
}
