using System.Text.Json;
using System.Text.Json.Nodes;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Answers a batch's rows as chat completions: the row's fields win over the job's.</summary>
internal sealed class BatchRowAnswers(IServiceProvider services, ReplicaLoads loads, TimeProvider clock) : IBatchRows
{
    public async ValueTask<BatchAnswer> AnswerAsync(BatchRow row, BatchPlace place, CancellationToken cancellationToken)
    {
        try
        {
            var body = Merge(row);
            var request = ToRequest(body, row.RequestId) with { Account = place.Resource.Account, Addon = place.Addon, AddonHash = place.AddonHash };
            using var load = loads.Begin(place.Resource, place.Socket, RequestWeight.Of(request));
            var (answer, usage) = await AskAsync(body, request, row.Job.Model, place.Socket, cancellationToken);
            return new(row.Number, Line(new() { CustomId = row.CustomId, Response = answer }), Failed: false, usage);
        }
        catch (ReplicaRequestException gone) when (gone.Code == "UNAVAILABLE")
        {
            throw new ReplicaLostException(gone.Message);
        }
        catch (ReplicaRequestException refused)
        {
            return Fail(row, refused.Code, refused.Message);
        }
        catch (HearthException refused)
        {
            return Fail(row, refused.Code, refused.Message);
        }
    }

    public BatchAnswer Fail(BatchRow row, ErrorCode code, string message) => Fail(row, JsonNamingPolicy.SnakeCaseUpper.ConvertName(code.ToString()), message);

    private static BatchAnswer Fail(BatchRow row, string code, string message) =>
        new(row.Number, Line(new() { CustomId = row.CustomId, Error = new() { Code = code, Message = message } }), Failed: true, new(0, 0, 0));

    private static byte[] Line(BatchOutputLine line) => JsonSerializer.SerializeToUtf8Bytes(line, InferenceJson.Options);

    private static ChatCompletionRequest Merge(BatchRow row)
    {
        var fields = JsonNode.Parse(row.Job.Defaults)!.AsObject();
        foreach (var field in row.Body.EnumerateObject()) fields[field.Name] = JsonNode.Parse(field.Value.GetRawText());
        if (row.Job.SystemPrompt != "" && fields["messages"] is JsonArray messages && (messages[0] as JsonObject)?["role"]?.ToString() is not ("system" or "developer"))
            messages.Insert(0, new JsonObject { ["role"] = "system", ["content"] = row.Job.SystemPrompt });
        try
        {
            return fields.Deserialize<ChatCompletionRequest>(InferenceJson.Options)!;
        }
        catch (JsonException wrong)
        {
            var field = wrong.Path is { Length: > 2 } path ? path[2..] : "the body";
            throw HearthException.Invalid($"invalid value for field \"{field}\": it has the wrong type.");
        }
    }

    private static GenerationRequest ToRequest(ChatCompletionRequest body, string requestId) => body.PromptTokenIds is { } ids
        ? SamplingRules.ToRequest(body, requestId) with { PromptTokenIds = ids }
        : ChatCompletionEndpoints.ToRequest(body, requestId);

    private async ValueTask<(ChatCompletion Answer, GenerationUsage Usage)> AskAsync(
        ChatCompletionRequest body, GenerationRequest request, string model, string socket, CancellationToken cancellationToken)
    {
        var gateway = services.GetService<IReplicaGateway>() ?? throw HearthException.Unimplemented("Serving models");
        var choices = Enumerable.Range(0, request.N).Select(index => new ChoiceBuilder(index, SamplingRules.WantsLegacyLogprobs(body))).ToArray();
        var raw = request.RawOutput ? new RawOutputs(request.N, request.N) : null;
        var usage = new GenerationUsage(0, 0, 0);
        IReadOnlyList<int>? prompt = null;
        await foreach (var part in gateway.GenerateAsync(socket, request, cancellationToken).WithCancellation(cancellationToken))
        {
            choices[part.Choice].Add(part, raw?.Take(part));
            usage = part.Usage ?? usage;
            prompt = part.PromptTokenIds ?? prompt;
        }
        var wantsIds = body.ReturnTokenIds ?? false;
        var answer = new ChatCompletion
        {
            Id = $"chatcmpl-{request.RequestId}",
            Created = clock.GetUtcNow().ToUnixTimeSeconds(),
            Model = model,
            Choices = [.. choices.Select(choice => choice.ToChat(wantsIds))],
            Usage = InferenceCall.ToUsage(usage),
            PromptTokenIds = wantsIds ? prompt : null,
        };
        return (answer, usage);
    }
}
