using System.Globalization;
using System.Text.Json;

namespace Hearth.Grammars;

/// <summary>A JSON schema's text with the parts that were asked for.</summary>
internal sealed class SchemaDocument
{
    private const int MostBytes = 256 << 10, MostDepth = 100;
    private readonly Dictionary<string, Schema> _parts = new(StringComparer.Ordinal);

    private SchemaDocument(JsonElement root) => Root = Part("", root);

    public Schema Root { get; }

    /// <exception cref="GrammarException">It is no JSON, too large or nested too deep.</exception>
    public static SchemaDocument Parse(string json)
    {
        if (json.Length > MostBytes) throw new GrammarException($"The schema has more than {MostBytes >> 10} KiB. Make it smaller.", "");
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MostDepth });
            CheckTexts(document.RootElement);
            return new(document.RootElement.Clone());
        }
        catch (JsonException e)
        {
            throw new GrammarException($"The schema cannot be read: {e.Message}", "");
        }
        catch (InvalidOperationException)
        {
            throw new GrammarException("The schema has a string with half a surrogate pair (\\ud800 to \\udfff). Write whole characters.", "");
        }
    }

    /// <summary>Part of a token of a JSON pointer (RFC 6901).</summary>
    public static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    /// <summary>A schema inside another one.</summary>
    public Schema Child(Schema parent, JsonElement json, params string[] names) => Part(parent.Path + string.Concat(names.Select(name => "/" + Escape(name))), json);

    /// <summary>The schema that a $ref names.</summary>
    public Schema Follow(Schema from, string reference)
    {
        if (!reference.StartsWith('#')) throw from.Fault("$ref", $"'{reference}' is outside of the schema. Copy what it names to $defs and refer to #/$defs/NAME.");
        if (reference.Length > 1 && reference[1] != '/') throw from.Fault("$ref", $"'{reference}' names an anchor, which is not supported. Refer by pointer: #/$defs/NAME.");
        var json = Root.Json;
        foreach (string token in reference.Split('/').Skip(1))
        {
            string name = Uri.UnescapeDataString(token).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (!TryStep(json, name, out json)) throw from.Fault("$ref", $"'{reference}' names nothing. Correct it, or add it to $defs.");
        }
        return Part(Uri.UnescapeDataString(reference[1..]), json);
    }

    private static bool TryStep(JsonElement json, string name, out JsonElement found)
    {
        found = default;
        if (json.ValueKind == JsonValueKind.Object) return json.TryGetProperty(name, out found);
        if (json.ValueKind != JsonValueKind.Array || !int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) || index >= json.GetArrayLength()) return false;
        found = json[index];
        return true;
    }

    private Schema Part(string path, JsonElement json)
    {
        if (_parts.TryGetValue(path, out var known)) return known;
        if (json.ValueKind is not (JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False)) throw new GrammarException("A schema must be an object, true or false.", path);
        return _parts[path] = new(_parts.Count, json, path);
    }

    // Every text once, so that none of them surprises later.
    private static void CheckTexts(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.String) _ = json.GetString();
        else if (json.ValueKind == JsonValueKind.Array) foreach (var item in json.EnumerateArray()) CheckTexts(item);
        else if (json.ValueKind == JsonValueKind.Object)
            foreach (var member in json.EnumerateObject())
            {
                _ = member.Name;
                CheckTexts(member.Value);
            }
    }
}
