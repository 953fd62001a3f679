using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>/inference/v1/completions</c>, also under <c>/v1</c>.</summary>
internal static class CompletionEndpoints
{
    private const int MaxChoices = 1024;

    public static async Task PostAsync(HttpContext http)
    {
        var body = await ContractReader.ReadInferenceAsync<CompletionRequest>(http);
        if (body.Images is { ValueKind: JsonValueKind.Array } images && images.GetArrayLength() > 0) throw SamplingRules.NotYet("images");
        var request = SamplingRules.ToRequest(body, http.TraceIdentifier);
        var call = await InferenceCall.RouteAsync(http, body, ToRequests(request, body.Prompt));
        var id = $"cmpl-{http.TraceIdentifier}";
        if (body.Stream == true) await call.StreamAsync(ChunksAsync(call, id));
        else await AnswerAsync(call, id);
    }

    private static async Task AnswerAsync(InferenceCall call, string id)
    {
        var (choices, usage, prompts) = await call.CollectAsync();
        await call.WriteAsync(new Completion
        {
            Id = id,
            Created = call.Created,
            Model = call.Model,
            Choices = [.. choices.Select((choice, index) => choice.ToText(call.TokenIds, prompts[index / (choices.Count / prompts.Count)]))],
            Usage = InferenceCall.ToUsage(usage),
            PerfMetrics = call.PerfMetrics(usage),
        }, usage);
    }

    private static async IAsyncEnumerable<Completion> ChunksAsync(InferenceCall call, string id)
    {
        var logprobs = Enumerable.Range(0, call.Choices).Select(_ => new LogprobsWriter(call.LegacyLogprobs)).ToArray();
        await foreach (var (part, raw) in call.EventsAsync())
        {
            if (part is { Text: "", FinishReason: null, Logprobs: null, Usage: null }) continue;
            var choice = new CompletionChoice
            {
                Index = part.Choice,
                Text = part.Text,
                FinishReason = part.FinishReason,
                Logprobs = logprobs[part.Choice].Write(part.Logprobs),
                PromptTokenIds = call.TokenIds ? part.PromptTokenIds : null,
                RawOutput = raw,
                TokenIds = call.TokenIds ? part.TokenIds : null,
            };
            yield return new Completion
            {
                Id = id,
                Created = call.Created,
                Model = call.Model,
                Choices = [choice],
                Usage = part.Usage is { } usage ? InferenceCall.ToUsage(usage) : null,
                PerfMetrics = call.PerfMetrics(part.Usage),
            };
        }
    }

    /// <summary>A request for each prompt; each has an id of its own, by which it is metered.</summary>
    private static List<GenerationRequest> ToRequests(GenerationRequest request, JsonElement? prompt)
    {
        var prompts = prompt is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0 && !IsTokenIds(list) ? [.. list.EnumerateArray()] : new List<JsonElement?> { prompt };
        if (prompts.Count * request.N > MaxChoices)
            throw SamplingRules.Fault("prompt", $"has {prompts.Count} entries, with n that is {prompts.Count * request.N} choices. Send at most {MaxChoices} at once.");
        return [.. prompts.Select((one, index) => WithPrompt(request, one) with { RequestId = index == 0 ? request.RequestId : $"{request.RequestId}-{index}" })];
    }

    private static GenerationRequest WithPrompt(GenerationRequest request, JsonElement? prompt) => prompt switch
    {
        { ValueKind: JsonValueKind.String } text => request with { Prompt = text.GetString() },
        { ValueKind: JsonValueKind.Array } ids when IsTokenIds(ids) => request with { PromptTokenIds = [.. ids.EnumerateArray().Select(item => item.GetInt32())] },
        _ => throw SamplingRules.Fault("prompt", "is required: a string, a list of token ids, or a list of such."),
    };

    private static bool IsTokenIds(JsonElement list) =>
        list.GetArrayLength() > 0 && list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out _));
}
