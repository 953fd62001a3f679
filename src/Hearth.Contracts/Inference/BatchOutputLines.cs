namespace Hearth.Contracts;

/// <summary>A line of a batch's <c>BIJOutputSet.jsonl</c> (with a response) or <c>error-data</c> (with an error).</summary>
public sealed record BatchOutputLine
{
    public string CustomId { get; init; } = "";
    public ChatCompletion? Response { get; init; }
    public BatchRowError? Error { get; init; }
}

/// <summary>Why a row has no answer.</summary>
public sealed record BatchRowError
{
    /// <summary>gRPC status name.</summary>
    public string Code { get; init; } = "";
    public string Message { get; init; } = "";
}
