using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hearth.Contracts;

/// <summary>Body of <c>POST /inference/v1/chat/completions</c>.</summary>
public sealed record ChatCompletionRequest : SamplingFields
{
    /// <summary>Messages in OpenAI's shape, handed to the model's chat template as they came.</summary>
    public JsonElement? Messages { get; init; }
    public JsonElement? Tools { get; init; }
    public JsonElement? ToolChoice { get; init; }
    public JsonElement? Functions { get; init; }
    public JsonElement? FunctionCall { get; init; }
    public int? PromptTruncateLen { get; init; }
    /// <summary>A prompt that is tokens already, in place of messages; rows of batches only.</summary>
    public IReadOnlyList<int>? PromptTokenIds { get; init; }
    public bool? SafeTokenization { get; init; }
}

/// <summary>Answer to a chat completion that is not streamed.</summary>
public sealed record ChatCompletion
{
    public string Id { get; init; } = "";
    public string Object { get; init; } = "chat.completion";
    public long Created { get; init; }
    public string Model { get; init; } = "";
    public IReadOnlyList<ChatChoice> Choices { get; init; } = [];
    public UsageInfo Usage { get; init; } = new();
    public IReadOnlyDictionary<string, double>? PerfMetrics { get; init; }
    public IReadOnlyList<int>? PromptTokenIds { get; init; }
}

/// <summary>One answer of a chat completion.</summary>
public sealed record ChatChoice
{
    public int Index { get; init; }
    public ChatMessage Message { get; init; } = new();
    public string FinishReason { get; init; } = "stop";
    /// <summary><see cref="ContentLogprobs"/> or <see cref="LegacyLogprobs"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public object? Logprobs { get; init; }
    public RawOutput? RawOutput { get; init; }
    public IReadOnlyList<int>? TokenIds { get; init; }
}

/// <summary>A message of a chat.</summary>
public sealed record ChatMessage
{
    public string Role { get; init; } = "assistant";
    public string Content { get; init; } = "";
}

/// <summary>One event of a streamed chat completion.</summary>
public sealed record ChatCompletionChunk
{
    public string Id { get; init; } = "";
    public string Object { get; init; } = "chat.completion.chunk";
    public long Created { get; init; }
    public string Model { get; init; } = "";
    public IReadOnlyList<ChatChunkChoice> Choices { get; init; } = [];
    /// <summary>Null until the chunk with the last finish reason.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public UsageInfo? Usage { get; init; }
    public IReadOnlyDictionary<string, double>? PerfMetrics { get; init; }
    public IReadOnlyList<int>? PromptTokenIds { get; init; }
}

/// <summary>What a chunk adds to one choice.</summary>
public sealed record ChatChunkChoice
{
    public int Index { get; init; }
    public ChatDelta Delta { get; init; } = new();
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? FinishReason { get; init; }
    public object? Logprobs { get; init; }
    /// <summary>On the choice's last chunk, where asked for.</summary>
    public RawOutput? RawOutput { get; init; }
    public IReadOnlyList<int>? TokenIds { get; init; }
}

/// <summary>The role comes in a choice's first chunk, content in the ones after it.</summary>
public sealed record ChatDelta
{
    public string? Role { get; init; }
    public string? Content { get; init; }
}
