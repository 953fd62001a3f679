using System.Text;

namespace Hearth.Grammars;

/// <summary>
/// What a rule may match, over bytes: the common form that front ends (JSON schema, regular expressions, others to come) translate to.
/// </summary>
public abstract record GrammarExpression
{
    private GrammarExpression() { }

    /// <summary>The empty string.</summary>
    public static GrammarExpression Empty { get; } = new Sequence([]);

    /// <summary>Nothing at all, not even the empty string.</summary>
    public static GrammarExpression Nothing { get; } = new Choice([]);

    /// <summary>One byte from <paramref name="First"/> to <paramref name="Last"/>.</summary>
    public sealed record ByteRange(byte First, byte Last) : GrammarExpression;

    /// <summary>Exactly these bytes.</summary>
    public sealed record Literal(ReadOnlyMemory<byte> Bytes) : GrammarExpression;

    /// <summary>One code point of a set, in UTF-8.</summary>
    public sealed record Character(CodePointSet Set) : GrammarExpression;

    /// <summary>One after the other.</summary>
    public sealed record Sequence(IReadOnlyList<GrammarExpression> Parts) : GrammarExpression;

    /// <summary>One of these.</summary>
    public sealed record Choice(IReadOnlyList<GrammarExpression> Options) : GrammarExpression;

    /// <summary>Again and again. A body that is counted (more than once, or with a bound above 1) must not match the empty string.</summary>
    /// <param name="Body">What is repeated.</param>
    /// <param name="Min">Fewest times.</param>
    /// <param name="Max">Most times; null: no bound.</param>
    public sealed record Repeat(GrammarExpression Body, int Min, int? Max) : GrammarExpression;

    /// <summary>What another rule matches.</summary>
    public sealed record Call(int Rule) : GrammarExpression;

    /// <summary>The UTF-8 bytes of a text.</summary>
    public static GrammarExpression Text(string text) => new Literal(Encoding.UTF8.GetBytes(text));

    /// <summary>One byte of those that a text of ASCII characters names.</summary>
    public static GrammarExpression AnyOf(string ascii) => new Character(CodePointSet.Of(ascii));

    /// <summary>One after the other.</summary>
    public static GrammarExpression Then(params GrammarExpression[] parts) => new Sequence(parts);

    /// <summary>One of these.</summary>
    public static GrammarExpression Either(params GrammarExpression[] options) => new Choice(options);

    /// <summary>At most once.</summary>
    public static GrammarExpression Maybe(GrammarExpression body) => new Repeat(body, 0, 1);

    /// <summary>Any number of times.</summary>
    public static GrammarExpression Many(GrammarExpression body, int min = 0, int? max = null) => new Repeat(body, min, max);
}
