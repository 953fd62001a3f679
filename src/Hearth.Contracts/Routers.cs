namespace Hearth.Contracts;

/// <summary>A name for several deployments of one model.</summary>
public sealed record Router
{
    public string Name { get; init; } = "";
    public string DisplayName { get; init; } = "";
    public string Description { get; init; } = "";
    public string CreatedBy { get; init; } = "";
    public DateTimeOffset? CreateTime { get; init; }
    public DateTimeOffset? UpdateTime { get; init; }
    /// <summary>The model that all of the deployments serve.</summary>
    public string Model { get; init; } = "";
    public IReadOnlyList<string> Deployments { get; init; } = [];
    public AccountState State { get; init; }
    public Status? Status { get; init; }
}

/// <summary>What a caller may set on a router.</summary>
public sealed record RouterParam
{
    public string? DisplayName { get; init; }
    public string? Description { get; init; }
    public IReadOnlyList<string>? Deployments { get; init; }
}
