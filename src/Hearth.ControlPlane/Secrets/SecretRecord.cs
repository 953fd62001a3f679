namespace Hearth.ControlPlane;

/// <summary>A secret. Its value is sealed for its name and <see cref="ValueVersion"/>.</summary>
public sealed record SecretRecord
{
    public const int MaxValueLength = 64 << 10;

    public string CreatedBy { get; init; } = "";
    /// <summary>What the secret is called where it is used, as an environment variable. Empty for a secret that belongs to one resource.</summary>
    public string KeyName { get; init; } = "";
    public required SealedValue Value { get; init; }
    /// <summary>Rises with each new value.</summary>
    public long ValueVersion { get; init; } = 1;
}
