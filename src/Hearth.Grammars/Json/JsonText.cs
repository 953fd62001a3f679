using System.Globalization;
using System.Text;
using System.Text.Json;
using static Hearth.Grammars.GrammarExpression;

namespace Hearth.Grammars;

/// <summary>JSON as it is written: strings with the shortest escapes and none that is not needed, numbers as the schema has them.</summary>
internal static class JsonText
{
    private const string Short = "\b\f\n\r\t\"\\", ShortNames = "bfnrt\"\\";

    /// <summary>Characters that a string may hold unescaped.</summary>
    public static CodePointSet Plain { get; } = CodePointSet.Of([(0, 0x1F), ('"', '"'), ('\\', '\\')]).Complement();

    /// <summary>The characters of a set inside a string.</summary>
    public static GrammarExpression Characters(CodePointSet set)
    {
        var plain = set.Intersect(Plain);
        var options = new List<GrammarExpression>();
        if (!plain.IsEmpty) options.Add(new Character(plain));
        if (plain.Equals(set)) return new Choice(options);
        for (int i = 0; i < Short.Length; i++)
            if (set.Contains(Short[i])) options.Add(Text("\\" + ShortNames[i]));
        for (int control = 0; control < 0x20; control++)
            if (set.Contains(control) && !Short.Contains((char)control)) options.Add(Then(Text("\\u00" + (control >> 4)), AnyOf(HexDigit(control & 15))));
        return new Choice(options);
    }

    /// <summary>A string's text, with its quotes.</summary>
    public static GrammarExpression Quoted(string text)
    {
        var parts = new List<GrammarExpression> { Text("\"") };
        var plain = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (Plain.Contains(rune.Value))
            {
                plain.Append(rune);
                continue;
            }
            Flush();
            parts.Add(Characters(CodePointSet.Of(rune.Value)));
        }
        Flush();
        parts.Add(Text("\""));
        return new Sequence(parts);

        void Flush()
        {
            if (plain.Length > 0) parts.Add(Text(plain.ToString()));
            plain.Clear();
        }
    }

    /// <summary>A value, with white space where lists of values may have it.</summary>
    public static GrammarExpression Value(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return Quoted(value.GetString()!);
            case JsonValueKind.Array:
                return List("[", [.. value.EnumerateArray().Select(Value)], "]");
            case JsonValueKind.Object:
                return List("{", [.. value.EnumerateObject().Select(member => Then(Quoted(member.Name), Text(":"), new Call(SharedRules.Space), Value(member.Value)))], "}");
            default:
                return Text(value.GetRawText());
        }
    }

    /// <summary>One text for values that are equal: members by name, numbers by value.</summary>
    public static string Canonical(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => $"[{string.Join(',', value.EnumerateArray().Select(Canonical))}]",
        JsonValueKind.Object => $"{{{string.Join(',', value.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal).Select(member => JsonSerializer.Serialize(member.Name) + Canonical(member.Value)))}}}",
        JsonValueKind.Number => DecimalValue.Parse(value.GetRawText())?.ToString() ?? value.GetRawText(),
        JsonValueKind.String => JsonSerializer.Serialize(value.GetString()),
        _ => value.GetRawText(),
    };

    private static GrammarExpression List(string open, GrammarExpression[] items, string close)
    {
        var parts = new List<GrammarExpression> { Text(open), new Call(SharedRules.Space) };
        for (int i = 0; i < items.Length; i++)
        {
            if (i > 0) parts.AddRange([Text(","), new Call(SharedRules.Space)]);
            parts.Add(items[i]);
        }
        if (items.Length > 0) parts.Add(new Call(SharedRules.Space));
        parts.Add(Text(close));
        return new Sequence(parts);
    }

    private static string HexDigit(int value)
    {
        string lower = value.ToString("x", CultureInfo.InvariantCulture);
        return lower == lower.ToUpperInvariant() ? lower : lower + lower.ToUpperInvariant();
    }
}
