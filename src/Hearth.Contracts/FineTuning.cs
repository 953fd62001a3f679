using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hearth.Contracts;

/// <summary>Settings that every kind of fine-tuning takes, whether they stand in the job itself or in its <c>trainingConfig</c>.</summary>
public interface ITrainingSettings
{
    string? BaseModel { get; }
    string? WarmStartFrom { get; }
    string? OutputModel { get; }
    double? Epochs { get; }
    double? LearningRate { get; }
    int? LearningRateWarmupSteps { get; }
    int? LoraRank { get; }
    int? MaxContextLength { get; }
    int? BatchSize { get; }
    int? BatchSizeSamples { get; }
    int? GradientAccumulationSteps { get; }
    double? OptimizerWeightDecay { get; }
    string? JinjaTemplate { get; }
}

/// <summary>Settings that preference and reinforcement jobs share. In a request what is absent gets its default; answers name every value.</summary>
public sealed record TrainingConfig : ITrainingSettings
{
    public string? BaseModel { get; init; }
    /// <summary>Tokens of an optimizer step.</summary>
    public int? BatchSize { get; init; }
    /// <summary>Rows of an optimizer step; used in place of <see cref="BatchSize"/> where it is set.</summary>
    public int? BatchSizeSamples { get; init; }
    public int? SamplerCheckpointSaveIntervalSteps { get; init; }
    /// <summary>Whole in the contract; a fraction is accepted for preference jobs and answered as it is.</summary>
    public double? Epochs { get; init; }
    public int? GradientAccumulationSteps { get; init; }
    public string? JinjaTemplate { get; init; }
    public double? LearningRate { get; init; }
    public int? LearningRateWarmupSteps { get; init; }
    public int? LoraRank { get; init; }
    public int? MaxContextLength { get; init; }
    public double? OptimizerWeightDecay { get; init; }
    public string? OutputModel { get; init; }
    public Region? Region { get; init; }
    public string? WarmStartFrom { get; init; }
}

/// <summary>Loss of preference and reinforcement jobs.</summary>
public sealed record ReinforcementLearningLossConfig
{
    public DpoConfig? Dpo { get; init; }
    public double? KlBeta { get; init; }
    [JsonConverter(typeof(RlLossMethodConverter))]
    public RlLossMethod? Method { get; init; }
}

/// <summary>Settings of DPO.</summary>
public sealed record DpoConfig
{
    /// <summary>0 to 0.5.</summary>
    public double? Beta { get; init; }
    public int? RefCacheConcurrency { get; init; }
    public int? RefCacheBatchSize { get; init; }
}

/// <summary>Losses. Members are spelled as on the wire; requests may also write them as the command line does (<c>gspo-token</c>).</summary>
public enum RlLossMethod { METHOD_UNSPECIFIED, GRPO, DAPO, DPO, ORPO, GSPO_TOKEN }

internal sealed class RlLossMethodConverter : JsonConverter<RlLossMethod>
{
    public override RlLossMethod Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && Enum.TryParse<RlLossMethod>(reader.GetString()!.Replace('-', '_').ToUpperInvariant(), out var method) && Enum.IsDefined(method)
            ? method
            : throw new JsonException($"expected one of {string.Join(", ", Enum.GetNames<RlLossMethod>())}");

    public override void Write(Utf8JsonWriter writer, RlLossMethod value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

/// <summary>Progress of a job in the contract's terms.</summary>
public sealed record JobProgressReport
{
    public int CachedInputTokenCount { get; init; }
    public int Epoch { get; init; }
    public int FailedRequests { get; init; }
    public int InputTokens { get; init; }
    public int OutputRows { get; init; }
    public int OutputTokens { get; init; }
    public int Percent { get; init; }
    public int SuccessfullyProcessedRequests { get; init; }
    public int TotalInputRequests { get; init; }
    public int TotalProcessedRequests { get; init; }
}

/// <summary>Progress of a training run. Loss is the mean over trained tokens, in nats.</summary>
public sealed record TrainingProgress
{
    public int Step { get; init; }
    public int TotalSteps { get; init; }
    public double Loss { get; init; }
    public double TokensPerSecond { get; init; }
    /// <summary>Tokens of the rows so far, prompts included: what is billed.</summary>
    public long TrainedTokens { get; init; }
    public double Epoch { get; init; }
    public double SecondsLeft { get; init; }
}

/// <summary>Mean loss over the trained tokens of the evaluation data set, in nats, before the first step and after the last.</summary>
public sealed record EvaluationLosses
{
    public double LossBefore { get; init; }
    public double LossAfter { get; init; }
}

/// <summary>An amount of money: whole units and billionths.</summary>
public sealed record Money
{
    public string CurrencyCode { get; init; } = "";
    public int Nanos { get; init; }
    public string Units { get; init; } = "";

    /// <summary>The amount, to the nearest billionth.</summary>
    public static Money Of(decimal amount, string currency)
    {
        var rounded = decimal.Round(amount, 9);
        var units = decimal.Truncate(rounded);
        return new()
        {
            CurrencyCode = currency,
            Units = units.ToString(System.Globalization.CultureInfo.InvariantCulture),
            Nanos = (int)((rounded - units) * 1_000_000_000m),
        };
    }
}

/// <summary>Credentials for a dataset in an S3 bucket.</summary>
public sealed record AwsS3Config
{
    public string? CredentialsSecret { get; init; }
    public string? IamRoleArn { get; init; }
}

/// <summary>Credentials for a dataset in Azure Blob Storage.</summary>
public sealed record AzureBlobStorageConfig
{
    public string? CredentialsSecret { get; init; }
    public string? ManagedIdentityClientId { get; init; }
    public string? TenantId { get; init; }
}

/// <summary>Weights &amp; Biases run to report to.</summary>
public sealed record WandbConfig
{
    public string ApiKey { get; init; } = "";
    public bool Enabled { get; init; }
    public string Entity { get; init; } = "";
    public string Project { get; init; } = "";
    public string RunId { get; init; } = "";
    public string Url { get; init; } = "";
}

/// <summary>State of a long-running job. Members are spelled as on the wire.</summary>
public enum JobState
{
    JOB_STATE_UNSPECIFIED, JOB_STATE_CREATING, JOB_STATE_RUNNING, JOB_STATE_COMPLETED, JOB_STATE_FAILED, JOB_STATE_CANCELLED,
    JOB_STATE_DELETING, JOB_STATE_WRITING_RESULTS, JOB_STATE_VALIDATING, JOB_STATE_DELETING_CLEANING_UP, JOB_STATE_PENDING,
    JOB_STATE_EXPIRED, JOB_STATE_RE_QUEUEING, JOB_STATE_CREATING_INPUT_DATASET, JOB_STATE_IDLE, JOB_STATE_CANCELLING,
    JOB_STATE_EARLY_STOPPED, JOB_STATE_PAUSED
}
