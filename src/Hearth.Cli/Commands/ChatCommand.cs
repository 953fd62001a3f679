using System.CommandLine;
using System.Text;
using System.Text.Json;
using Hearth.Client;
using Hearth.Contracts;

namespace Hearth.Cli;

/// <summary><c>hearth chat</c>: one question, or a conversation on the terminal.</summary>
public static class ChatCommand
{
    private sealed record Turn(string Role, string Content);

    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "A deployed model or a deployment, such as hearth-tiny" };
        var prompt = new Argument<string?>("prompt") { Description = "The question; without it, lines of standard input are a conversation", Arity = ArgumentArity.ZeroOrOne };
        var temperature = new Option<double?>("--temperature") { Description = "0 takes the most probable token each time; else the model's own advice" };
        var maxTokens = new Option<int?>("--max-tokens") { Description = "Longest answer in tokens" };
        var command = new Command("chat", "Ask a deployed model; the answer is streamed.") { model, prompt, temperature, maxTokens };
        return command.CallsServer(async (parsed, client, cancellationToken) =>
        {
            var request = new ChatCompletionRequest
            {
                Model = parsed.GetRequiredValue(model),
                Temperature = parsed.GetValue(temperature),
                MaxTokens = parsed.GetValue(maxTokens),
            };
            if (parsed.GetValue(prompt) is { } text) await AnswerAsync(client, request, [new Turn("user", text)], parsed.IsJson(), cancellationToken);
            else await ConverseAsync(client, request, cancellationToken);
        }).WithExamples(
            ("hearth chat hearth-tiny 'What is 3 + 4?'", "one question"),
            ("hearth chat my-model", "a conversation: a line is a message, end-of-file (Ctrl-D) ends it"));
    }

    private static async Task ConverseAsync(HearthClient client, ChatCompletionRequest request, CancellationToken cancellationToken)
    {
        var turns = new List<Turn>();
        while (true)
        {
            if (!Console.IsInputRedirected) Console.Out.Write("> ");
            if (Console.In.ReadLine() is not { } line) return;
            if (line.Trim().Length == 0) continue;
            turns.Add(new Turn("user", line));
            turns.Add(new Turn("assistant", await AnswerAsync(client, request, turns, json: false, cancellationToken)));
        }
    }

    private static async Task<string> AnswerAsync(
        HearthClient client, ChatCompletionRequest request, IReadOnlyList<Turn> turns, bool json, CancellationToken cancellationToken)
    {
        var answer = new StringBuilder();
        UsageInfo? usage = null;
        var messages = JsonSerializer.SerializeToElement(turns, JsonSerializerOptions.Web);
        await foreach (var chunk in client.StreamChatAsync(request with { Messages = messages }, cancellationToken))
        {
            usage = chunk.Usage ?? usage;
            if (chunk.Choices is not [{ Delta.Content: { } text }, ..]) continue;
            answer.Append(text);
            if (!json) Console.Out.Write(text);
        }
        if (json) CommandOutput.WriteJson(new { answer = answer.ToString(), promptTokens = usage?.PromptTokens, completionTokens = usage?.CompletionTokens });
        else Console.Out.WriteLine();
        return answer.ToString();
    }
}
