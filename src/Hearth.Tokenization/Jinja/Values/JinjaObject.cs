namespace Hearth.Tokenization;

/// <summary>A value with attributes of its own: the loop, a cycler.</summary>
internal abstract class JinjaObject
{
    /// <summary>False when there is no such attribute.</summary>
    public abstract bool TryGetAttribute(Frame frame, string name, out object? value);
}
