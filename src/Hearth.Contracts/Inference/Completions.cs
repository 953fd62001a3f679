using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hearth.Contracts;

/// <summary>Body of <c>POST /inference/v1/completions</c>; the chat template is not applied.</summary>
public sealed record CompletionRequest : SamplingFields
{
    /// <summary>A string, a list of strings, token ids, or a list of lists of token ids.</summary>
    public JsonElement? Prompt { get; init; }
    public JsonElement? Images { get; init; }
}

/// <summary>Answer to a text completion, or one event of a streamed one: both have this shape.</summary>
public sealed record Completion
{
    public string Id { get; init; } = "";
    public string Object { get; init; } = "text_completion";
    public long Created { get; init; }
    public string Model { get; init; } = "";
    public IReadOnlyList<CompletionChoice> Choices { get; init; } = [];
    /// <summary>Null in a stream until the chunk with the last finish reason.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public UsageInfo? Usage { get; init; }
    public IReadOnlyDictionary<string, double>? PerfMetrics { get; init; }
}

/// <summary>One answer of a text completion.</summary>
public sealed record CompletionChoice
{
    public int Index { get; init; }
    public string Text { get; init; } = "";
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? FinishReason { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public object? Logprobs { get; init; }
    public IReadOnlyList<int>? PromptTokenIds { get; init; }
    public RawOutput? RawOutput { get; init; }
    public IReadOnlyList<int>? TokenIds { get; init; }
}
