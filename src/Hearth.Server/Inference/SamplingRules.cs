using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Ranges of the sampling fields, OpenAI's where they are wider, and what is not there yet.</summary>
internal static class SamplingRules
{
    private const int MaxChoices = 128;
    private const int MaxTopLogprobs = 20;
    private const int MaxStops = 4;
    private const float MaxBias = 100;
    private const double MaxSurprise = 100; // bits: any vocabulary has less

    /// <summary>The fields that chat and text completions share, as the replica takes them.</summary>
    public static GenerationRequest ToRequest(SamplingFields fields, string requestId)
    {
        var (predicted, predictedIds) = PredictionRules.Of(fields);
        if (fields is { MaxTokens: not null, MaxCompletionTokens: not null }) throw Fault("max_tokens", "cannot be combined with max_completion_tokens. Send one of them.");
        return new()
        {
            RequestId = requestId,
            IsolationKey = string.IsNullOrEmpty(fields.PromptCacheIsolationKey) ? null : fields.PromptCacheIsolationKey,
            IsUrgent = fields.ServiceTier switch
            {
                null or "auto" or "default" or "flex" => false,
                "priority" => true,
                _ => throw Fault("service_tier", "must be auto, default, flex or priority."),
            },
            // 0 only scores the prompt, which is of use where the prompt comes back.
            MaxTokens = InRange("max_tokens", fields.MaxTokens ?? fields.MaxCompletionTokens, ToEcho(fields) > 0 ? 0 : 1, int.MaxValue),
            Temperature = InRange("temperature", fields.Temperature, 0, 2),
            TopP = InRange("top_p", fields.TopP, 0, 1),
            TopK = InRange("top_k", fields.TopK, 0, 100),
            MinP = InRange("min_p", fields.MinP, 0, 1),
            TypicalP = InRange("typical_p", fields.TypicalP, 0, 1),
            MirostatTarget = InRange("mirostat_target", fields.MirostatTarget, 0, MaxSurprise),
            MirostatRate = InRange("mirostat_lr", fields.MirostatLr, 0, 1),
            RepetitionPenalty = InRange("repetition_penalty", fields.RepetitionPenalty, 0, 2),
            FrequencyPenalty = InRange("frequency_penalty", fields.FrequencyPenalty, -2, 2),
            PresencePenalty = InRange("presence_penalty", fields.PresencePenalty, -2, 2),
            LogitBias = ToBias(fields.LogitBias),
            JsonSchema = ResponseFormatRules.SchemaOf(fields),
            EchoLast = ToEcho(fields),
            RawOutput = fields.RawOutput ?? false,
            Seed = fields.Seed,
            N = InRange("n", fields.N, 1, MaxChoices) ?? 1,
            Stop = ToStops(fields.Stop),
            IgnoreEos = fields.IgnoreEos ?? false,
            Prediction = predicted,
            PredictionTokenIds = predictedIds,
            TopLogprobs = ToTopLogprobs(fields),
            ErrorOnContextOverflow = fields.ContextLengthExceededBehavior switch
            {
                null or "truncate" => false,
                "error" => true,
                _ => throw Fault("context_length_exceeded_behavior", "must be error or truncate."),
            },
        };
    }

    public static bool WantsLegacyLogprobs(SamplingFields fields) => fields.Logprobs?.ValueKind == JsonValueKind.Number;

    public static HearthException Fault(string param, string rule) => new(ErrorCode.InvalidArgument, $"{param} {rule}") { Param = param };

    private static int? ToTopLogprobs(SamplingFields fields)
    {
        var top = InRange("top_logprobs", fields.TopLogprobs, 0, MaxTopLogprobs);
        switch (fields.Logprobs?.ValueKind ?? JsonValueKind.Null)
        {
            case JsonValueKind.True:
                return top ?? 0;
            case JsonValueKind.Number when fields.Logprobs!.Value.TryGetInt32(out var count):
                return InRange("logprobs", count, 0, MaxTopLogprobs);
            case JsonValueKind.False or JsonValueKind.Null:
                return top is > 0 ? throw Fault("top_logprobs", "needs logprobs: true.") : null;
            default:
                throw Fault("logprobs", "must be true, false or a whole number.");
        }
    }

    private static IReadOnlyList<string> ToStops(JsonElement? stop)
    {
        switch (stop?.ValueKind ?? JsonValueKind.Null)
        {
            case JsonValueKind.Null:
                return [];
            case JsonValueKind.String:
                return [stop!.Value.GetString()!];
            case JsonValueKind.Array when stop!.Value.GetArrayLength() <= MaxStops && stop.Value.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String):
                return [.. stop.Value.EnumerateArray().Select(one => one.GetString()!).Where(one => one != "")];
            default:
                throw Fault("stop", $"must be a string or a list of up to {MaxStops} strings.");
        }
    }

    private static Dictionary<int, float>? ToBias(JsonElement? bias)
    {
        if ((bias?.ValueKind ?? JsonValueKind.Null) == JsonValueKind.Null) return null;
        if (bias!.Value.ValueKind != JsonValueKind.Object) throw Fault("logit_bias", "must map token ids to numbers.");
        var biases = new Dictionary<int, float>();
        foreach (var entry in bias.Value.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, System.Globalization.NumberStyles.None, null, out var id)) throw Fault("logit_bias", $"names '{entry.Name}', which is not a token id.");
            if (entry.Value.ValueKind != JsonValueKind.Number || !(Math.Abs(entry.Value.GetDouble()) <= MaxBias)) throw Fault("logit_bias", $"of token {id} must be from -{MaxBias} to {MaxBias}.");
            biases[id] = (float)entry.Value.GetDouble();
        }
        return biases.Count == 0 ? null : biases;
    }

    private static int ToEcho(SamplingFields fields) =>
        fields.Echo == true ? int.MaxValue : InRange("echo_last", fields.EchoLast, 0, int.MaxValue) ?? 0;

    public static T? InRange<T>(string param, T? value, T min, T max) where T : struct, IComparable<T> =>
        value is not { } number || (number.CompareTo(min) >= 0 && number.CompareTo(max) <= 0) ? value : throw Fault(param, $"must be from {min} to {max}.");

    public static HearthException NotYet(string param) =>
        new(ErrorCode.Unimplemented, $"{param} is not implemented by this server. Leave it out, or use a later version.") { Param = param };
}
