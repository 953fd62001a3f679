using System.Text.Json;

namespace Hearth.Grammars;

/// <summary>A schema, or a part of one, with its place.</summary>
/// <param name="Id">Parts of one document have different ones.</param>
/// <param name="Json">An object, or true or false.</param>
/// <param name="Path">JSON pointer.</param>
internal sealed record Schema(int Id, JsonElement Json, string Path)
{
    /// <summary>A keyword's value; null where the schema has none.</summary>
    public JsonElement? this[string keyword] => Json.ValueKind == JsonValueKind.Object && Json.TryGetProperty(keyword, out var value) ? value : null;

    /// <summary>An exception that names a keyword of this schema.</summary>
    public GrammarException Fault(string keyword, string rule) => new($"{keyword} {rule}", $"{Path}/{SchemaDocument.Escape(keyword)}");

    /// <summary>A whole number that is not negative, within 32 bits; null where there is none.</summary>
    public int? Count(string keyword)
    {
        if (this[keyword] is not { } value) return null;
        if (value.ValueKind == JsonValueKind.Number && DecimalValue.Parse(value.GetRawText()) is { IsWhole: true, Unscaled.Sign: >= 0 } number)
            return number.Unscaled <= int.MaxValue / 2 ? (int)number.Unscaled : throw Fault(keyword, $"is too large; the most is {int.MaxValue / 2}.");
        throw Fault(keyword, "must be a whole number that is not negative.");
    }

    /// <summary>A number; null where there is none.</summary>
    public DecimalValue? Number(string keyword)
    {
        if (this[keyword] is not { ValueKind: not (JsonValueKind.True or JsonValueKind.False) } value) return null;
        return (value.ValueKind == JsonValueKind.Number ? DecimalValue.Parse(value.GetRawText()) : null) ?? throw Fault(keyword, "must be a number, with an exponent below 400.");
    }

    /// <summary>A text; null where there is none.</summary>
    public string? Text(string keyword)
    {
        if (this[keyword] is not { } value) return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Fault(keyword, "must be a string.");
    }

    /// <summary>A list of texts; empty where there is none.</summary>
    public IReadOnlyList<string> Texts(string keyword)
    {
        if (this[keyword] is not { } value) return [];
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String)) throw Fault(keyword, "must be a list of strings.");
        return [.. value.EnumerateArray().Select(item => item.GetString()!)];
    }
}
