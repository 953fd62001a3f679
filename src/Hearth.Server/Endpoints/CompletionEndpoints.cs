using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>/inference/v1/completions</c>, also under <c>/v1</c>.</summary>
internal static class CompletionEndpoints
{
    public static async Task PostAsync(HttpContext http)
    {
        var body = await ContractReader.ReadInferenceAsync<CompletionRequest>(http);
        if (body.Images is { ValueKind: JsonValueKind.Array } images && images.GetArrayLength() > 0) throw SamplingRules.NotYet("images");
        var request = WithPrompt(SamplingRules.ToRequest(body, http.TraceIdentifier), body.Prompt);
        var call = await InferenceCall.RouteAsync(http, body, request);
        var id = $"cmpl-{http.TraceIdentifier}";
        if (body.Stream == true) await call.StreamAsync(ChunksAsync(call, id));
        else await AnswerAsync(call, id);
    }

    private static async Task AnswerAsync(InferenceCall call, string id)
    {
        var (choices, usage, prompt) = await call.CollectAsync();
        await call.WriteAsync(new Completion
        {
            Id = id,
            Created = call.Created,
            Model = call.Model,
            Choices = [.. choices.Select(choice => choice.ToText(call.TokenIds, prompt))],
            Usage = InferenceCall.ToUsage(usage),
            PerfMetrics = call.PerfMetrics(usage),
        }, usage);
    }

    private static async IAsyncEnumerable<Completion> ChunksAsync(InferenceCall call, string id)
    {
        var logprobs = Enumerable.Range(0, call.Choices).Select(_ => new LogprobsWriter(call.LegacyLogprobs)).ToArray();
        await foreach (var part in call.EventsAsync())
        {
            if (part is { Text: "", FinishReason: null, Logprobs: null, Usage: null }) continue;
            var choice = new CompletionChoice
            {
                Index = part.Choice,
                Text = part.Text,
                FinishReason = part.FinishReason,
                Logprobs = logprobs[part.Choice].Write(part.Logprobs),
                PromptTokenIds = call.TokenIds ? part.PromptTokenIds : null,
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

    private static GenerationRequest WithPrompt(GenerationRequest request, JsonElement? prompt)
    {
        switch (prompt?.ValueKind ?? JsonValueKind.Null)
        {
            case JsonValueKind.String:
                return request with { Prompt = prompt!.Value.GetString() };
            case JsonValueKind.Array when prompt!.Value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out _)) && prompt.Value.GetArrayLength() > 0:
                return request with { PromptTokenIds = [.. prompt.Value.EnumerateArray().Select(item => item.GetInt32())] };
            case JsonValueKind.Array when prompt!.Value.GetArrayLength() == 1:
                return WithPrompt(request, prompt.Value[0]);
            case JsonValueKind.Array when prompt!.Value.GetArrayLength() > 1:
                throw SamplingRules.NotYet("prompt with several entries");
            default:
                throw SamplingRules.Fault("prompt", "is required: a string or a list of token ids.");
        }
    }
}
