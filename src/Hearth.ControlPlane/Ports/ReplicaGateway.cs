namespace Hearth.ControlPlane;

/// <summary>Sends a generation to a ready replica and streams what comes back. Implemented over the replica's unix socket by Hearth.Workers.</summary>
public interface IReplicaGateway
{
    /// <summary>Streams the events of all choices; the last event of each choice carries its finish reason, the last event of all the usage.</summary>
    /// <exception cref="ReplicaRequestException">The replica refused the request (prompt too long, adapter not held, bad template input).</exception>
    /// <exception cref="ReplicaLostException">The replica's process ended or does not answer.</exception>
    IAsyncEnumerable<GenerationEvent> GenerateAsync(string socketPath, GenerationRequest request, CancellationToken cancellationToken);
}

/// <summary>One chat or text completion as the replica sees it: templating and tokenization happen there, beside the model's own files.</summary>
public sealed record GenerationRequest
{
    public required string RequestId { get; init; }
    /// <summary>Whose request it is: a replica serves accounts evenly and never shows one what it has cached for another. Null: the server's own.</summary>
    public string? Account { get; init; }
    /// <summary>Requests of an account share cached prefixes only where this is equal.</summary>
    public string? IsolationKey { get; init; }
    /// <summary>True: goes before the account's other requests.</summary>
    public bool IsUrgent { get; init; }
    /// <summary>Resource name of the adapter's model, or null for the base model.</summary>
    public string? Addon { get; init; }
    /// <summary>Hash the request was routed with: a replica that holds another one refuses.</summary>
    public string? AddonHash { get; init; }
    /// <summary>Chat messages as JSON (OpenAI's shape), or null where <see cref="Prompt"/> or <see cref="PromptTokenIds"/> is set.</summary>
    public string? MessagesJson { get; init; }
    public string? ToolsJson { get; init; }
    /// <summary>The answer goes on from the last message, which is the assistant's.</summary>
    public bool ContinueFinalMessage { get; init; }
    public string? Prompt { get; init; }
    public IReadOnlyList<int>? PromptTokenIds { get; init; }
    public int? MaxTokens { get; init; }
    public double? Temperature { get; init; }
    public double? TopP { get; init; }
    public int? TopK { get; init; }
    public double? MinP { get; init; }
    public double? TypicalP { get; init; }
    /// <summary>Mean surprise in bits; null: no mirostat.</summary>
    public double? MirostatTarget { get; init; }
    /// <summary>Null: 0.1. Without a target there is nothing to steer.</summary>
    public double? MirostatRate { get; init; }
    public double? RepetitionPenalty { get; init; }
    public double? FrequencyPenalty { get; init; }
    public double? PresencePenalty { get; init; }
    /// <summary>Added to the logits of these token ids.</summary>
    public IReadOnlyDictionary<int, float>? LogitBias { get; init; }
    public long? Seed { get; init; }
    public int N { get; init; } = 1;
    public IReadOnlyList<string> Stop { get; init; } = [];
    public bool IgnoreEos { get; init; }
    /// <summary>Null: no logprobs; 0: the chosen token's; n: also the n best alternatives.</summary>
    public int? TopLogprobs { get; init; }
    /// <summary>The schema, as JSON text, under which the answer is valid JSON; null: any text.</summary>
    public string? JsonSchema { get; init; }
    /// <summary>True: a prompt that leaves no room for max_tokens is an error rather than a lower max_tokens.</summary>
    public bool ErrorOnContextOverflow { get; init; }
    /// <summary>That many of the prompt's last tokens open the text (and the logprobs) of each choice; 0: none.</summary>
    public int EchoLast { get; init; }
    /// <summary>The oldest messages are left out until the prompt is at most this long; null: never.</summary>
    public int? PromptTruncateLength { get; init; }
    /// <summary>A text that the answer is expected to repeat; it makes the answer faster and never changes it.</summary>
    public string? Prediction { get; init; }
    /// <summary>The same as token ids.</summary>
    public IReadOnlyList<int>? PredictionTokenIds { get; init; }
    /// <summary>True: the events carry <see cref="GenerationEvent.RawPrompt"/> and <see cref="GenerationEvent.RawText"/>.</summary>
    public bool RawOutput { get; init; }
}

/// <summary>A piece of one choice: text that is complete UTF-8, its tokens, and at the end the finish reason and usage.</summary>
public sealed record GenerationEvent
{
    public int Choice { get; init; }
    public string Text { get; init; } = "";
    public IReadOnlyList<int> TokenIds { get; init; } = [];
    public IReadOnlyList<TokenLogprob>? Logprobs { get; init; }
    /// <summary><c>stop</c> or <c>length</c>; null while the choice goes on.</summary>
    public string? FinishReason { get; init; }
    /// <summary>The stop string that ended the choice; with its finish reason.</summary>
    public string? StopSequence { get; init; }
    /// <summary>Set on the last event of the request.</summary>
    public GenerationUsage? Usage { get; init; }
    /// <summary>Where the time of the request went in the replica; set on the last event of the request.</summary>
    public GenerationTimes? Times { get; init; }
    /// <summary>Prompt token ids; set on the first event of the request.</summary>
    public IReadOnlyList<int>? PromptTokenIds { get; init; }
    /// <summary>How tokens are really chosen; set on the first event of the request.</summary>
    public EffectiveSampling? Sampling { get; init; }
    /// <summary>The prompt with its special tokens, where asked for; set on the first event of the request.</summary>
    public string? RawPrompt { get; init; }
    /// <summary>All that the choice generated with its special tokens, where asked for; set on the choice's last event.</summary>
    public string? RawText { get; init; }
}

/// <summary>Where the time of a request went in its replica, in milliseconds.</summary>
/// <param name="PrefillQueue">Until its first tokens were computed.</param>
/// <param name="Prefill">From then to its first token.</param>
/// <param name="GenerationQueue">In which its choices waited for memory after the first token, added up.</param>
/// <param name="Generation">From the first token to the end.</param>
public sealed record GenerationTimes(double PrefillQueue, double Prefill, double GenerationQueue, double Generation);

/// <summary>Sampling values after the model's own advice has filled what the caller left open.</summary>
public sealed record EffectiveSampling(
    double Temperature, double TopP, int TopK, double MinP, double RepetitionPenalty, double FrequencyPenalty, double PresencePenalty,
    double TypicalP = 1, double? MirostatTarget = null, double? MirostatLr = null);

/// <summary>Raw log-probability (natural log, temperature 1; rule E6) of a chosen token and of the best alternatives.</summary>
public sealed record TokenLogprob(int TokenId, string Token, double Logprob, double SamplingLogprob, IReadOnlyList<TokenAlternative> Top)
{
    /// <summary>Bytes of a token that is a part of a character; null: those of <see cref="Token"/>.</summary>
    public byte[]? Part { get; init; }
}

/// <summary>An alternative token and its raw log-probability.</summary>
public sealed record TokenAlternative(int TokenId, string Token, double Logprob)
{
    /// <summary>Its log-probability in the distribution that was drawn from; null: it could not be drawn.</summary>
    public double? SamplingLogprob { get; init; }
    /// <summary>Bytes of a token that is a part of a character; null: those of <see cref="Token"/>.</summary>
    public byte[]? Part { get; init; }
}

/// <summary>Tokens of one request, over all choices.</summary>
public sealed record GenerationUsage(int PromptTokens, int CompletionTokens, int CachedPromptTokens)
{
    /// <summary>Tokens of the request's predicted output; null: it has none.</summary>
    public int? PredictionTokens { get; init; }
    /// <summary>Tokens that were guessed ahead, from the prediction or from repetitions. They depend on the load, the answer does not.</summary>
    public int DraftTokens { get; init; }
    public int AcceptedDraftTokens { get; init; }
    /// <summary>Those of them that came from the prediction.</summary>
    public int PredictedDraftTokens { get; init; }
    public int AcceptedPredictedTokens { get; init; }

    public static GenerationUsage operator +(GenerationUsage a, GenerationUsage b) => new(a.PromptTokens + b.PromptTokens, a.CompletionTokens + b.CompletionTokens, a.CachedPromptTokens + b.CachedPromptTokens)
    {
        PredictionTokens = a.PredictionTokens is null ? b.PredictionTokens : a.PredictionTokens + (b.PredictionTokens ?? 0),
        DraftTokens = a.DraftTokens + b.DraftTokens,
        AcceptedDraftTokens = a.AcceptedDraftTokens + b.AcceptedDraftTokens,
        PredictedDraftTokens = a.PredictedDraftTokens + b.PredictedDraftTokens,
        AcceptedPredictedTokens = a.AcceptedPredictedTokens + b.AcceptedPredictedTokens,
    };
}

/// <summary>The replica refuses this request; <see cref="Code"/> is a gRPC status name such as <c>INVALID_ARGUMENT</c>.</summary>
public sealed class ReplicaRequestException(string code, string message) : Exception(message)
{
    public string Code { get; } = code;

    /// <summary>The field of the caller's request that is at fault, where one is.</summary>
    public string? Param { get; init; }
}

/// <summary>The replica ended before the answer did.</summary>
public sealed class ReplicaLostException(string message) : Exception(message);
