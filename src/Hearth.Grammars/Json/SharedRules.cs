using static Hearth.Grammars.GrammarExpression;

namespace Hearth.Grammars;

/// <summary>
/// The rules of JSON itself (RFC 8259). They come first in every grammar, with the same numbers, so that their masks are made once for a vocabulary.
/// </summary>
internal static class SharedRules
{
    /// <summary>Blanks and tabs behind a line's end. White space is bounded, or a model could go on with it for ever.</summary>
    private const int MostIndent = 32;

    /// <summary>Digits of a whole number: any fits 64 bits.</summary>
    public const int MostIntegerDigits = 18;

    /// <summary>Digits before, and digits behind, the point of a number.</summary>
    public const int MostDigits = 20;

    /// <summary>Any value, with bounded white space; a rule of this number each.</summary>
    public const int Space = 0, String = 1, Integer = 2, Number = 3, Value = 4, Object = 5, Array = 6;

    private static GrammarExpression Digit { get; } = AnyOf("0123456789");

    // With at most 20 digits before the point, the value is finite in double.
    private static GrammarExpression Exponent { get; } = Then(AnyOf("eE"), Maybe(AnyOf("+-")), Either(
        Then(Digit, Maybe(Digit)), Then(Text("1"), Digit, Digit), Then(Text("2"), AnyOf("01234567"), Digit)));

    /// <summary>A character of a string, escaped or not.</summary>
    public static GrammarExpression StringCharacter { get; } = MakeStringCharacter();

    /// <summary>Any value, as a grammar of its own. Made last: the rules are made of what stands above.</summary>
    public static ByteGrammar Grammar { get; } = NewBuilder().Build(Value);

    /// <summary>A builder that has these rules.</summary>
    public static GrammarBuilder NewBuilder()
    {
        var builder = new GrammarBuilder();
        for (int rule = Space; rule <= Array; rule++) builder.Declare();
        builder.Define(Space, Maybe(Either(Text(" "), Then(Text("\n"), Many(AnyOf(" \t"), 0, MostIndent)))));
        builder.Define(String, Then(Text("\""), Many(StringCharacter), Text("\"")));
        builder.Define(Integer, Either(Text("0"), Then(Maybe(Text("-")), AnyOf("123456789"), Many(Digit, 0, MostIntegerDigits - 1))));
        builder.Define(Number, Then(Maybe(Text("-")), Either(Text("0"), Then(AnyOf("123456789"), Many(Digit, 0, MostDigits - 1))), Maybe(Then(Text("."), Many(Digit, 1, MostDigits))), Maybe(Exponent)));
        builder.Define(Value, Either(new Call(Object), new Call(Array), new Call(String), new Call(Number), Text("true"), Text("false"), Text("null")));
        var (space, value) = (new Call(Space), new Call(Value));
        builder.Define(Object, ListOf("{", Then(new Call(String), Text(":"), space, value), 0, null, "}"));
        builder.Define(Array, ListOf("[", value, 0, null, "]"));
        builder.EndShared();
        return builder;
    }

    /// <summary>Items between brackets, separated by commas.</summary>
    public static GrammarExpression ListOf(string open, GrammarExpression item, int min, int? max, string close)
    {
        var space = new Call(Space);
        if (max == 0) return Then(Text(open), space, Text(close));
        var items = Then(item, Many(Then(Text(","), space, item), Math.Max(0, min - 1), max - 1), space);
        return Then(Text(open), space, min == 0 ? Maybe(items) : items, Text(close));
    }

    private static GrammarExpression MakeStringCharacter()
    {
        var hex = AnyOf("0123456789abcdefABCDEF");
        // Surrogates come in pairs only: half a character is no text.
        var unit = Either(
            Then(AnyOf("0123456789abcefABCEF"), hex, hex, hex),
            Then(AnyOf("dD"), AnyOf("01234567"), hex, hex),
            Then(AnyOf("dD"), AnyOf("89abAB"), hex, hex, Text("\\u"), AnyOf("dD"), AnyOf("cdefCDEF"), hex, hex));
        return Either(
            new Character(JsonText.Plain),
            Then(Text("\\"), Either(AnyOf("\"\\/bfnrt"), Then(Text("u"), unit))));
    }
}
