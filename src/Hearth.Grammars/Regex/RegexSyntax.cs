namespace Hearth.Grammars;

/// <summary>A regular expression, parsed.</summary>
internal abstract record RegexSyntax
{
    private RegexSyntax() { }

    public sealed record Set(CodePointSet Characters) : RegexSyntax;

    public sealed record Sequence(IReadOnlyList<RegexSyntax> Parts) : RegexSyntax;

    public sealed record Choice(IReadOnlyList<RegexSyntax> Options) : RegexSyntax;

    public sealed record Repeat(RegexSyntax Body, int Min, int? Max) : RegexSyntax;

    /// <summary><c>^</c> or <c>$</c>.</summary>
    public sealed record Anchor(bool IsEnd) : RegexSyntax;
}
