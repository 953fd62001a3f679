using System.Text.Json;

namespace Hearth.Grammars;

/// <summary>The members that a list of schemas, all of which hold, allows in an object.</summary>
/// <remarks>
/// Where properties are listed and nothing is said of others, others are forbidden: a model that may invent members does. Properties come in the order in which
/// they are listed, then the required ones that are not listed, then others.
/// </remarks>
internal sealed class ObjectShape
{
    private readonly SchemaDocument _document;
    private readonly IReadOnlyList<Schema> _schemas;
    private readonly List<(CharacterAutomaton Names, Schema Schema)> _patterns = [];
    private readonly Dictionary<Schema, Dictionary<string, JsonElement>> _listed = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public ObjectShape(SchemaDocument document, IReadOnlyList<Schema> schemas)
    {
        (_document, _schemas) = (document, schemas);
        Required = [.. schemas.SelectMany(schema => schema.Texts("required"))];
        foreach (var schema in schemas)
        {
            foreach (var (name, value) in Members(schema, "patternProperties")) _patterns.Add((Pattern(schema, name), document.Child(schema, value, "patternProperties", name)));
            if (schema["propertyNames"] is { } names) NameSchemas.Add(document.Child(schema, names, "propertyNames"));
            var listed = _listed[schema] = new(StringComparer.Ordinal);
            foreach (var (name, value) in Members(schema, "properties"))
            {
                listed[name] = value;
                Add(name);
            }
        }
        foreach (string name in Required) Add(name);
        bool isSaid = schemas.Any(schema => schema["additionalProperties"] is not null);
        bool isListed = schemas.Any(schema => schema["properties"] is not null || schema["patternProperties"] is not null);
        bool isClosed = schemas.Any(schema => schema["additionalProperties"] is { ValueKind: JsonValueKind.False } || schema["unevaluatedProperties"] is { ValueKind: JsonValueKind.False });
        IsOpen = !isClosed && (isSaid || !isListed);
        foreach (var schema in schemas)
            if (schema["unevaluatedProperties"] is { ValueKind: not (JsonValueKind.True or JsonValueKind.False) }) throw schema.Fault("unevaluatedProperties", "is supported as true or false. Use additionalProperties.");
    }

    public HashSet<string> Required { get; }

    /// <summary>The names that are listed or required, in order.</summary>
    public List<string> Names { get; } = [];

    /// <summary>What the names of all members must match.</summary>
    public List<Schema> NameSchemas { get; } = [];

    /// <summary>Whether members may come that are neither listed nor match a pattern.</summary>
    public bool IsOpen { get; }

    /// <summary>The expressions of patternProperties.</summary>
    public IReadOnlyList<(CharacterAutomaton Names, Schema Schema)> Patterns => _patterns;

    /// <summary>What must hold for a member's value.</summary>
    public List<Schema> ValueOf(string name)
    {
        var all = new List<Schema>();
        bool isListed = false;
        foreach (var schema in _schemas)
        {
            bool isOwn = false;
            if (_listed[schema].TryGetValue(name, out var value))
            {
                all.Add(_document.Child(schema, value, "properties", name));
                isOwn = true;
            }
            foreach (var (pattern, _) in Members(schema, "patternProperties"))
            {
                var match = _patterns.First(entry => entry.Schema.Path == $"{schema.Path}/patternProperties/{SchemaDocument.Escape(pattern)}");
                if (!match.Names.Matches(name)) continue;
                all.Add(match.Schema);
                isOwn = true;
            }
            isListed |= isOwn;
            if (!isOwn && schema["additionalProperties"] is { } additional) all.Add(_document.Child(schema, additional, "additionalProperties"));
        }
        if (!isListed && !IsOpen) all.Add(_document.Child(_schemas[0], FalseJson, "(no such property)"));
        return all;
    }

    /// <summary>What must hold for the values of members that are neither listed nor match a pattern.</summary>
    public List<Schema> OtherValues() =>
        [.. _schemas.Where(schema => schema["additionalProperties"] is not null).Select(schema => _document.Child(schema, schema["additionalProperties"]!.Value, "additionalProperties"))];

    private static JsonElement FalseJson { get; } = JsonDocument.Parse("false").RootElement.Clone();

    private void Add(string name)
    {
        if (_known.Add(name)) Names.Add(name);
    }

    private static IEnumerable<(string Name, JsonElement Value)> Members(Schema schema, string keyword)
    {
        if (schema[keyword] is not { } members) return [];
        if (members.ValueKind != JsonValueKind.Object) throw schema.Fault(keyword, "must be an object of schemas.");
        return members.EnumerateObject().Select(member => (member.Name, member.Value));
    }

    private static CharacterAutomaton Pattern(Schema schema, string expression)
    {
        try
        {
            return RegexCompiler.Compile(expression);
        }
        catch (GrammarException e)
        {
            throw schema.Fault("patternProperties", $"is refused: the expression {expression} cannot be used, {e.Message}");
        }
    }
}
