namespace Hearth.Contracts;

/// <summary>A secret. Its value is taken, never given: answers carry an empty one.</summary>
public sealed record Secret
{
    /// <summary>Name of the environment variable that it becomes.</summary>
    public string KeyName { get; init; } = "";
    public string Name { get; init; } = "";
    public string Value { get; init; } = "";
}

/// <summary>What a caller may set on a secret. <see cref="Name"/> is a bare id or the full name.</summary>
public sealed record SecretParam
{
    public string? KeyName { get; init; }
    public string? Name { get; init; }
    public string? Value { get; init; }
}
