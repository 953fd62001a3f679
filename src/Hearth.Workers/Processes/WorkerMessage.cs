using System.Text.Json;
using System.Text.Json.Serialization;
using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>What a worker process tells its server: one JSON object a line on standard output. Exactly one property is set.</summary>
public sealed record WorkerMessage
{
    /// <summary>An optimizer step is done.</summary>
    public JobProgress? Progress { get; init; }
    /// <summary>The job is done and its adapter lies on disk; the process ends next.</summary>
    public TrainedAdapter? Completed { get; init; }
    /// <summary>The process cannot go on, with a reason made for the user; it ends next.</summary>
    public string? Failed { get; init; }
    /// <summary>A write failed because the disk is full; the process ends next, and can be tried again when there is room.</summary>
    public bool? DiskFull { get; init; }
    /// <summary>A replica answers on its socket.</summary>
    public ReplicaReady? Ready { get; init; }
    /// <summary>What a replica's engine does; every few seconds.</summary>
    public ReplicaFigures? Figures { get; init; }

    /// <summary>The message as one line of JSON, without the line end.</summary>
    public string ToLine() => JsonSerializer.Serialize(this, WorkerJson.Options);

    /// <summary>False where the line is not a message: a library wrote to standard output, and the line belongs to the log.</summary>
    public static bool TryParse(string line, out WorkerMessage message)
    {
        message = new WorkerMessage();
        if (!line.StartsWith('{')) return false;
        try
        {
            message = JsonSerializer.Deserialize<WorkerMessage>(line, WorkerJson.Options) ?? message;
            return message.Progress is not null || message.Completed is not null || message.Failed is not null || message.DiskFull is not null || message.Ready is not null || message.Figures is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

/// <summary>A replica answers on <paramref name="SocketPath"/> and holds the adapters with these hashes.</summary>
public sealed record ReplicaReady(string SocketPath, IReadOnlyList<string> AddonHashes);

/// <summary>JSON of everything that crosses between the server and its workers. A loss may be NaN in a message that says so.</summary>
public static class WorkerJson
{
    /// <remarks>By reflection: generated serializers give absent fields of records the default of their type, not of the record.</remarks>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };
}
