namespace Hearth.Inference;

/// <summary>An adapter as something served on a base model.</summary>
/// <param name="name">The name that requests use.</param>
/// <param name="hash">SHA-256 of the adapter's content: part of every prefix hash, so that a replaced adapter never meets old values.</param>
public sealed class Addon(string name, string hash)
{
    /// <summary>The name that requests use.</summary>
    public string Name { get; } = name;

    /// <summary>SHA-256 of the adapter's content.</summary>
    public string Hash { get; } = hash;
}
