using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hearth.ControlPlane;

/// <summary>A batch job as a caller asks for it; null is left to the defaults.</summary>
public sealed record BatchJobDraft
{
    public string? Model { get; init; }
    public string? InputDataset { get; init; }
    public string? OutputDataset { get; init; }
    public string? ContinuedFrom { get; init; }
    public string SystemPrompt { get; init; } = "";
    public int? MaxTokens { get; init; }
    public double? Temperature { get; init; }
    public double? TopP { get; init; }
    public int? TopK { get; init; }
    public int? N { get; init; }
    /// <summary>More fields of a chat completion, a JSON object.</summary>
    public string? ExtraBody { get; init; }
    public TimeSpan? MaxDuration { get; init; }
    public string Echo { get; init; } = "{}";

    /// <summary>How long jobs may last: one of these, the second where nothing is said.</summary>
    public static IReadOnlyList<TimeSpan> Durations { get; } = [TimeSpan.FromHours(12), TimeSpan.FromHours(24), TimeSpan.FromHours(48), TimeSpan.FromHours(72)];

    /// <summary>Everything that is wrong with the values themselves.</summary>
    public IEnumerable<FieldFault> Faults()
    {
        if (MaxTokens < 0) yield return new("inferenceParameters.maxTokens", $"{MaxTokens} must be 1 or more.");
        if (Temperature is { } temperature && !(temperature is >= 0 and <= 2)) yield return new("inferenceParameters.temperature", $"{temperature} must be from 0 to 2.");
        if (TopP is { } share && !(share is >= 0 and <= 1)) yield return new("inferenceParameters.topP", $"{share} must be from 0 to 1.");
        if (TopK is < 0 or > 100) yield return new("inferenceParameters.topK", $"{TopK} must be from 0 to 100.");
        if (N is < 0 or > 128) yield return new("inferenceParameters.n", $"{N} must be from 1 to 128.");
        if (!string.IsNullOrWhiteSpace(ExtraBody) && ParseExtra() is null) yield return new("inferenceParameters.extraBody", "must be a JSON object, written as a string.");
        if (MaxDuration is { } duration && !Durations.Contains(duration)) yield return new("maxJobDuration", $"{duration.TotalSeconds}s must be 43200s, 86400s, 172800s or 259200s (12, 24, 48 or 72 hours).");
    }

    /// <summary>The job's parameters as fields of a chat completion; <see cref="ExtraBody"/> wins.</summary>
    public string Defaults()
    {
        var fields = new JsonObject();
        if (MaxTokens > 0) fields["max_tokens"] = MaxTokens;
        if (Temperature is { } temperature) fields["temperature"] = temperature;
        if (TopP > 0) fields["top_p"] = TopP;
        if (TopK is { } most) fields["top_k"] = most;
        if (N > 0) fields["n"] = N;
        foreach (var (name, value) in ParseExtra() ?? []) fields[name] = value?.DeepClone();
        return fields.ToJsonString();
    }

    private JsonObject? ParseExtra()
    {
        try
        {
            return string.IsNullOrWhiteSpace(ExtraBody) ? null : JsonNode.Parse(ExtraBody) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
