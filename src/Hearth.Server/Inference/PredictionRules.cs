using System.Text.Json;
using Hearth.Contracts;

namespace Hearth.Server;

/// <summary>The predicted output of a request: <c>prediction</c>, or <c>speculation</c>, its older name.</summary>
internal static class PredictionRules
{
    /// <summary>As text or as token ids; neither where there is none.</summary>
    public static (string? Text, IReadOnlyList<int>? TokenIds) Of(SamplingFields fields)
    {
        var (prediction, speculation) = (Given(fields.Prediction), Given(fields.Speculation));
        if (prediction is null) return speculation is { } older ? OfSpeculation(older) : default;
        if (speculation is not null) throw SamplingRules.Fault("speculation", "cannot be combined with prediction. Send one of them.");
        return (OfPrediction(prediction.Value), null);
    }

    private static JsonElement? Given(JsonElement? value) => value is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } ? value : null;

    private static string OfPrediction(JsonElement prediction)
    {
        if (prediction.ValueKind == JsonValueKind.String) return prediction.GetString()!;
        if (prediction.ValueKind != JsonValueKind.Object) throw SamplingRules.Fault("prediction", "must be a string or an object with type and content.");
        if (prediction.TryGetProperty("type", out var type) && !type.ValueEquals("content")) throw SamplingRules.Fault("prediction.type", "must be content.");
        if (!prediction.TryGetProperty("content", out var content)) throw SamplingRules.Fault("prediction.content", "is required.");
        return content.ValueKind switch
        {
            JsonValueKind.String => content.GetString()!,
            JsonValueKind.Array => string.Concat(content.EnumerateArray().Select(TextOf)),
            _ => throw SamplingRules.Fault("prediction.content", "must be a string or a list of text parts."),
        };
    }

    private static string TextOf(JsonElement part) =>
        part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out var type) && type.ValueEquals("text") && part.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : throw SamplingRules.Fault("prediction.content", "has a part that is not {type: text, text: a string}: only text can be predicted.");

    private static (string? Text, IReadOnlyList<int>? TokenIds) OfSpeculation(JsonElement speculation)
    {
        if (speculation.ValueKind == JsonValueKind.String) return (speculation.GetString(), null);
        if (speculation.ValueKind != JsonValueKind.Array) throw SamplingRules.Fault("speculation", "must be a string or a list of token ids.");
        return (null, [.. speculation.EnumerateArray().Select(id => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out var value)
            ? value
            : throw SamplingRules.Fault("speculation", "must be a string or a list of token ids."))]);
    }
}
