using System.Text.Json;

namespace Hearth.Contracts;

/// <summary>Fields that chat and text completions share. Unknown fields are ignored.</summary>
public abstract record SamplingFields
{
    public string? Model { get; init; }
    public bool? Stream { get; init; }
    public int? N { get; init; }
    public int? MaxTokens { get; init; }
    public int? MaxCompletionTokens { get; init; }
    public double? Temperature { get; init; }
    public double? TopP { get; init; }
    public int? TopK { get; init; }
    public double? MinP { get; init; }
    public double? TypicalP { get; init; }
    public double? FrequencyPenalty { get; init; }
    public double? PresencePenalty { get; init; }
    public double? RepetitionPenalty { get; init; }
    /// <summary>Mean surprise of the answer's tokens, in bits, that sampling steers to; left out: off.</summary>
    public double? MirostatTarget { get; init; }
    /// <summary>How fast it steers; 0.1 where it is left out.</summary>
    public double? MirostatLr { get; init; }
    /// <summary>Token ids with what is added to their logits, from -100 to 100.</summary>
    public JsonElement? LogitBias { get; init; }
    public long? Seed { get; init; }
    /// <summary>A string or up to four strings.</summary>
    public JsonElement? Stop { get; init; }
    /// <summary><c>true</c>: OpenAI's form; a number: the legacy arrays.</summary>
    public JsonElement? Logprobs { get; init; }
    public int? TopLogprobs { get; init; }
    public bool? Echo { get; init; }
    public int? EchoLast { get; init; }
    public bool? IgnoreEos { get; init; }
    /// <summary>A text that the answer is expected to repeat: a string, or <c>{type:"content", content: string or text parts}</c>.</summary>
    public JsonElement? Prediction { get; init; }
    /// <summary>The older name: a string or token ids.</summary>
    public JsonElement? Speculation { get; init; }
    public string? ContextLengthExceededBehavior { get; init; }
    public JsonElement? ResponseFormat { get; init; }
    /// <summary>Requests with the same key go to the same replica, where the deployment says so.</summary>
    public string? PromptCacheKey { get; init; }
    /// <summary>Requests of an account share cached prefixes only where this is equal.</summary>
    public string? PromptCacheIsolationKey { get; init; }
    /// <summary><c>priority</c>: before the account's other requests; <c>auto</c>, <c>default</c>, <c>flex</c>: like them.</summary>
    public string? ServiceTier { get; init; }
    /// <summary>The caller's own user: the key where there is no other.</summary>
    public string? User { get; init; }
    public bool? ReturnTokenIds { get; init; }
    public bool? RawOutput { get; init; }
    public bool? PerfMetricsInResponse { get; init; }
}
