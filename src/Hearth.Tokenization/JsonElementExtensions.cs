using System.Text.Json;

namespace Hearth.Tokenization;

internal static class JsonElementExtensions
{
    /// <summary>A property's value, or null when it is absent or null.</summary>
    public static JsonElement? Property(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
        && value.ValueKind != JsonValueKind.Null ? value : null;

    public static bool Flag(this JsonElement element, string name, bool absent = false) =>
        element.Property(name)?.GetBoolean() ?? absent;

    public static string? Text(this JsonElement element, string name) => element.Property(name)?.GetString();

    /// <summary>A component's "type".</summary>
    public static string Kind(this JsonElement element) => element.Text("type")
        ?? throw new InvalidDataException("tokenizer.json: a component has no type.");

    /// <summary>{"String": ...} or {"Regex": ...}.</summary>
    public static CodePointRegex Pattern(this JsonElement element)
    {
        var pattern = element.GetProperty("pattern");
        return pattern.Text("String") is { } literal
            ? new CodePointRegex(System.Text.RegularExpressions.Regex.Escape(literal))
            : new CodePointRegex(pattern.GetProperty("Regex").GetString()!);
    }
}
