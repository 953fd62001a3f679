namespace Hearth.Grammars;

/// <summary>A grammar or schema that cannot be compiled. The message names the place, the rule and the remedy.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="path">Where, as a JSON pointer into the schema; null where there is no such place.</param>
public sealed class GrammarException(string message, string? path = null) : Exception(message)
{
    /// <summary>JSON pointer of the fault, such as <c>/properties/name/pattern</c>; the whole schema is "".</summary>
    public string? Path { get; } = path;
}
