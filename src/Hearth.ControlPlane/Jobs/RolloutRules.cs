using System.Globalization;
using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>Ranges of reinforcement jobs, as the platform documents them.</summary>
internal static class RolloutRules
{
    public static IEnumerable<FieldFault> Faults(JobKind kind, JobDraft draft)
    {
        var rollouts = draft.Rollouts;
        FieldFault?[] found =
        [
            Outside("trainingConfig.epochs", draft.Epochs, 1, 10, "1, 10"),
            draft.Epochs is { } epochs && epochs != Math.Floor(epochs) ? new("trainingConfig.epochs", $"{Text(epochs)} is not a whole number.") : null,
            Outside("trainingConfig.learningRate", draft.LearningRate, 1e-5, 5e-4, "1e-5, 5e-4"),
            draft.LoraRank is { } rank && !JobRules.IsRank(kind, rank)
                ? new("trainingConfig.loraRank", $"{rank} is outside [{kind.MinRank}, {kind.MaxRank}] or not a power of two.") : null,
            Outside("inferenceParameters.maxOutputTokens", rollouts.MaxOutputTokens, 16, 16_384, "16, 16384"),
            Outside("inferenceParameters.temperature", rollouts.Temperature, 0.1, 2, "0.1, 2.0"),
            Outside("inferenceParameters.topP", rollouts.TopP, 0, 1, "0, 1"),
            Outside("inferenceParameters.topK", rollouts.TopK, 0, 100, "0, 100"),
            Outside("inferenceParameters.responseCandidatesCount", rollouts.Candidates, 2, 8, "2, 8"),
            IsObject(rollouts.ExtraBody) ? null : new("inferenceParameters.extraBody", "is not a JSON object in a string, such as \"{\\\"stop\\\": [\\\"END\\\"]}\"."),
            rollouts.ChunkSize == -1 ? null : Outside("chunkSize", rollouts.ChunkSize, 1, 10_000, "1, 10000"),
            Outside("maxConcurrentRollouts", rollouts.MaxConcurrentRollouts, 1, int.MaxValue, "1, …"),
            Outside("maxConcurrentEvaluations", rollouts.MaxConcurrentEvaluations, 1, int.MaxValue, "1, …"),
        ];
        return found.OfType<FieldFault>();
    }

    // Not-a-number is outside of every range.
    private static FieldFault? Outside(string field, double? value, double min, double max, string range) =>
        value is null || (value >= min && value <= max) ? null : new(field, $"{Text(value.Value)} is outside [{range}].");

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static bool IsObject(string? json)
    {
        if (string.IsNullOrEmpty(json)) return true;
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
