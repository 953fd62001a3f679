using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hearth.Contracts;

/// <summary>Body of <c>POST /inference/v1/messages</c>, in Anthropic's shape. Unknown fields are ignored.</summary>
public sealed record MessageRequest
{
    public string? Model { get; init; }
    public int? MaxTokens { get; init; }
    public JsonElement? Messages { get; init; }
    /// <summary>A string or text blocks.</summary>
    public JsonElement? System { get; init; }
    public JsonElement? StopSequences { get; init; }
    public bool? Stream { get; init; }
    /// <summary>From 0 to 1; 1 where it is left out.</summary>
    public double? Temperature { get; init; }
    public double? TopP { get; init; }
    public int? TopK { get; init; }
    public JsonElement? Tools { get; init; }
    public JsonElement? ToolChoice { get; init; }
    public JsonElement? Thinking { get; init; }
    public JsonElement? OutputConfig { get; init; }
    /// <summary>The older place of <c>output_config.format</c>.</summary>
    public JsonElement? OutputFormat { get; init; }
    public JsonElement? ContextManagement { get; init; }
    public JsonElement? McpServers { get; init; }
    /// <summary>Extension: what really went into the model and came out of it.</summary>
    public bool? RawOutput { get; init; }
}

/// <summary>An answer in Anthropic's shape.</summary>
public sealed record Message
{
    public string Id { get; init; } = "";
    public string Type { get; init; } = "message";
    public string Role { get; init; } = "assistant";
    public string Model { get; init; } = "";
    public IReadOnlyList<TextBlock> Content { get; init; } = [];
    /// <summary><c>end_turn</c>, <c>max_tokens</c> or <c>stop_sequence</c>; null while the answer goes on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? StopReason { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? StopSequence { get; init; }
    public MessageUsage Usage { get; init; } = new();
    public RawOutput? RawOutput { get; init; }
}

/// <summary>Text of an answer.</summary>
public sealed record TextBlock(string Text)
{
    public string Type { get; init; } = "text";
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<JsonElement>? Citations { get; init; }
}

/// <summary>Tokens of one answer. Unlike OpenAI's, the input tokens do not include the cached ones.</summary>
public sealed record MessageUsage
{
    public int InputTokens { get; init; }
    public int OutputTokens { get; init; }
    public int CacheReadInputTokens { get; init; }
    public int CacheCreationInputTokens { get; init; }
}

/// <summary>First event of a streamed answer: the message, still without content.</summary>
public sealed record MessageStart(Message Message)
{
    public string Type { get; init; } = "message_start";
}

/// <summary>A content block begins.</summary>
public sealed record ContentBlockStart(int Index, TextBlock ContentBlock)
{
    public string Type { get; init; } = "content_block_start";
}

/// <summary>A content block goes on.</summary>
public sealed record ContentBlockDelta(int Index, TextDelta Delta)
{
    public string Type { get; init; } = "content_block_delta";
}

/// <summary>More text.</summary>
public sealed record TextDelta(string Text)
{
    public string Type { get; init; } = "text_delta";
}

/// <summary>A content block is complete.</summary>
public sealed record ContentBlockStop(int Index)
{
    public string Type { get; init; } = "content_block_stop";
}

/// <summary>Why the answer ended, and its tokens.</summary>
public sealed record MessageDelta(StopDelta Delta, MessageUsage Usage)
{
    public string Type { get; init; } = "message_delta";
    public RawOutput? RawOutput { get; init; }
}

/// <summary>Why an answer ended.</summary>
public sealed record StopDelta
{
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? StopReason { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? StopSequence { get; init; }
}

/// <summary>An event of no content: <c>message_stop</c> or <c>ping</c>.</summary>
public sealed record BareEvent(string Type);

/// <summary>Answer to <c>GET /v1/models</c> for clients that send <c>anthropic-version</c>.</summary>
public sealed record MessageModelList
{
    public IReadOnlyList<MessageModel> Data { get; init; } = [];
    public bool HasMore { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? FirstId { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? LastId { get; init; }
}

/// <summary>A model that the key may ask, in Anthropic's shape.</summary>
public sealed record MessageModel
{
    public string Id { get; init; } = "";
    public string Type { get; init; } = "model";
    public string DisplayName { get; init; } = "";
    public DateTimeOffset CreatedAt { get; init; }
    public int MaxInputTokens { get; init; }
}
