using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>Answers single rows of a batch. Implemented where the wire's shapes are known.</summary>
public interface IBatchRows
{
    /// <summary>Asks a replica. What is wrong with the row is in the answer; rows are billed by whoever calls.</summary>
    /// <exception cref="ReplicaLostException">The replica ended, or no longer takes requests: the row is asked again elsewhere.</exception>
    ValueTask<BatchAnswer> AnswerAsync(BatchRow row, BatchPlace place, CancellationToken cancellationToken);

    /// <summary>The line of a row that cannot be answered.</summary>
    BatchAnswer Fail(BatchRow row, ErrorCode code, string message);
}

/// <summary>One row to answer.</summary>
/// <param name="RequestId">Names the request at the replica.</param>
/// <param name="Number">Index among the dataset's rows.</param>
/// <param name="Body">Fields of a chat completion; they win over the job's.</param>
public sealed record BatchRow(string RequestId, long Number, string CustomId, JsonElement Body, BatchJobSpec Job);

/// <summary>Where rows are answered: on a deployment, or the job's own replica. <paramref name="Addon"/> and its hash are null for the base model.</summary>
public sealed record BatchPlace(ResourceName Resource, string Socket, string? Addon, string? AddonHash);

/// <summary>A row's line for the output file, or for the errors' file where it failed, without the line end.</summary>
public sealed record BatchAnswer(long Row, byte[] Line, bool Failed, GenerationUsage Usage);
