using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>/inference/v1/chat/completions</c>, also under <c>/v1</c>.</summary>
internal static class ChatCompletionEndpoints
{
    public static async Task PostAsync(HttpContext http)
    {
        var body = await ContractReader.ReadInferenceAsync<ChatCompletionRequest>(http);
        var call = await InferenceCall.RouteAsync(http, body, ToRequest(body, http.TraceIdentifier));
        var id = $"chatcmpl-{http.TraceIdentifier}";
        if (body.Stream == true) await call.StreamAsync(ChunksAsync(call, id));
        else await AnswerAsync(call, id);
    }

    /// <summary>The request as the replica takes it.</summary>
    /// <exception cref="HearthException">A field is out of range or not implemented.</exception>
    public static GenerationRequest ToRequest(ChatCompletionRequest body, string requestId) => SamplingRules.ToRequest(body, requestId) with
    {
        MessagesJson = ToMessages(body),
        ToolsJson = ToTools(body),
        PromptTruncateLength = SamplingRules.InRange("prompt_truncate_len", body.PromptTruncateLen, 1, int.MaxValue),
    };

    private static async Task AnswerAsync(InferenceCall call, string id)
    {
        var (choices, usage, prompts) = await call.CollectAsync();
        await call.WriteAsync(new ChatCompletion
        {
            Id = id,
            Created = call.Created,
            Model = call.Model,
            Choices = [.. choices.Select(choice => choice.ToChat(call.TokenIds))],
            Usage = InferenceCall.ToUsage(usage),
            PerfMetrics = call.PerfMetrics(usage),
            PromptTokenIds = call.TokenIds ? prompts[0] : null,
        }, usage);
    }

    /// <summary>Each choice begins with its role; the last chunk has a finish reason and the usage.</summary>
    private static async IAsyncEnumerable<ChatCompletionChunk> ChunksAsync(InferenceCall call, string id)
    {
        var logprobs = new LogprobsWriter?[call.Choices];
        var frame = new ChatCompletionChunk { Id = id, Created = call.Created, Model = call.Model };
        await foreach (var (part, raw) in call.EventsAsync())
        {
            if (logprobs[part.Choice] is null)
            {
                logprobs[part.Choice] = new(call.LegacyLogprobs);
                var opening = new ChatChunkChoice { Index = part.Choice, Delta = new() { Role = "assistant", Content = "" } };
                yield return frame with { Choices = [opening], PromptTokenIds = call.TokenIds ? part.PromptTokenIds : null };
            }
            if (part is { Text: "", FinishReason: null, Logprobs: null, Usage: null }) continue;
            var choice = new ChatChunkChoice
            {
                Index = part.Choice,
                Delta = new() { Content = part.Text == "" ? null : part.Text },
                FinishReason = part.FinishReason,
                Logprobs = logprobs[part.Choice]!.Write(part.Logprobs),
                RawOutput = raw,
                TokenIds = call.TokenIds ? part.TokenIds : null,
            };
            yield return frame with
            {
                Choices = [choice],
                Usage = part.Usage is { } usage ? InferenceCall.ToUsage(usage) : null,
                PerfMetrics = call.PerfMetrics(part.Usage),
            };
        }
    }

    private static string ToMessages(ChatCompletionRequest body)
    {
        if (body.Messages is not { ValueKind: JsonValueKind.Array } messages || messages.GetArrayLength() == 0)
            throw SamplingRules.Fault("messages", "is required: a list of at least one message.");
        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("role", out var role) || role.ValueKind != JsonValueKind.String)
                throw SamplingRules.Fault("messages", $"[{index}] must be an object with a role.");
            if (role.GetString() is not ("system" or "developer" or "user" or "assistant" or "tool"))
                throw SamplingRules.Fault("messages", $"[{index}] has the role '{role.GetString()}'. Use system, user, assistant or tool.");
            index++;
        }
        return messages.GetRawText();
    }

    private static string? ToTools(ChatCompletionRequest body)
    {
        if (body.Functions is { ValueKind: JsonValueKind.Array }) throw SamplingRules.NotYet("functions");
        if (body.ToolChoice is { ValueKind: JsonValueKind.Object } || body.ToolChoice is { ValueKind: JsonValueKind.String } choice && choice.GetString() is not ("auto" or "none"))
            throw SamplingRules.NotYet("tool_choice");
        var none = body.ToolChoice is { ValueKind: JsonValueKind.String } named && named.GetString() == "none";
        return body.Tools is { ValueKind: JsonValueKind.Array } tools && tools.GetArrayLength() > 0 && !none ? tools.GetRawText() : null;
    }
}
