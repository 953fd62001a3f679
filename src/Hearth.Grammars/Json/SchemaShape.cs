using System.Text.Json;

namespace Hearth.Grammars;

/// <summary>What a list of schemas, all of which hold, says of a value: the keywords of one value merged; those of its parts stay with the schemas.</summary>
internal sealed class SchemaShape
{
    private static readonly (JsonTypes Type, string[] Keywords)[] KeywordTypes =
    [
        (JsonTypes.Number, ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
        (JsonTypes.String, ["minLength", "maxLength", "pattern", "format"]),
        (JsonTypes.Array, ["items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems"]),
        (JsonTypes.Object, ["properties", "required", "additionalProperties", "unevaluatedProperties", "patternProperties", "propertyNames", "minProperties", "maxProperties"]),
    ];

    private readonly List<CharacterAutomaton> _patterns = [];

    public SchemaShape(IReadOnlyList<Schema> schemas)
    {
        Schemas = schemas;
        foreach (var schema in schemas)
        {
            Types &= schema.Types();
            ReadValues(schema);
            ReadNumber(schema);
            ReadString(schema);
            (MinItems, MaxItems) = Narrow(schema, "minItems", "maxItems", MinItems, MaxItems);
            (MinProperties, MaxProperties) = Narrow(schema, "minProperties", "maxProperties", MinProperties, MaxProperties);
            CheckUnique(schema);
        }
        if (Types == JsonTypes.All && Values is null) InferTypes();
    }

    public IReadOnlyList<Schema> Schemas { get; }

    public JsonTypes Types { get; private set; } = JsonTypes.All;

    /// <summary>The values of one enum or const; null: any. Those that other keywords forbid are among them.</summary>
    public IReadOnlyList<JsonElement>? Values { get; private set; }

    public NumberBounds Bounds { get; private set; }

    public List<CharacterAutomaton> Multiples { get; } = [];

    public int MinLength { get; private set; }

    public int? MaxLength { get; private set; }

    public int MinItems { get; private set; }

    public int? MaxItems { get; private set; }

    public int MinProperties { get; private set; }

    public int? MaxProperties { get; private set; }

    public bool HasPatterns => _patterns.Count > 0;

    /// <summary>The strings that patterns, formats and lengths allow.</summary>
    public CharacterAutomaton Strings()
    {
        IEnumerable<CharacterAutomaton> all = _patterns;
        if (MinLength > 0 || MaxLength is not null) all = all.Append(CharacterAutomaton.Length(MinLength, MaxLength));
        return all.Aggregate((a, b) => a.And(b));
    }

    private void ReadValues(Schema schema)
    {
        if (schema["const"] is { } only) Values = [only];
        else if (schema["enum"] is { } list && Values is null)
        {
            if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0) throw schema.Fault("enum", "must be a list of values, at least one.");
            Values = [.. list.EnumerateArray()];
        }
    }

    private void ReadNumber(Schema schema)
    {
        if (schema.Number("minimum") is { } least) Bounds = Bounds.WithLow(least, schema["exclusiveMinimum"] is { ValueKind: JsonValueKind.True });
        if (schema.Number("maximum") is { } most) Bounds = Bounds.WithHigh(most, schema["exclusiveMaximum"] is { ValueKind: JsonValueKind.True });
        if (schema.Number("exclusiveMinimum") is { } above) Bounds = Bounds.WithLow(above, true);
        if (schema.Number("exclusiveMaximum") is { } below) Bounds = Bounds.WithHigh(below, true);
        if (schema.Number("multipleOf") is not { } divisor) return;
        if (divisor.Unscaled.Sign <= 0) throw schema.Fault("multipleOf", "must be more than 0.");
        Multiples.Add(Named(schema, "multipleOf", () => MultipleOf.Numbers(divisor)));
    }

    private void ReadString(Schema schema)
    {
        (MinLength, MaxLength) = Narrow(schema, "minLength", "maxLength", MinLength, MaxLength);
        if (schema.Text("pattern") is { } pattern) _patterns.Add(Named(schema, "pattern", () => RegexCompiler.Compile(pattern)));
        if (schema.Text("format") is { } format && StringFormats.PatternOf(format) is { } expression) _patterns.Add(RegexCompiler.Compile(expression));
    }

    private static void CheckUnique(Schema schema)
    {
        if (schema["uniqueItems"] is { ValueKind: JsonValueKind.True } && schema.Count("maxItems") is not <= 1)
            throw schema.Fault("uniqueItems", "is not supported. Leave it out, and drop what comes twice afterwards.");
    }

    private void InferTypes()
    {
        var named = KeywordTypes.Where(entry => entry.Keywords.Any(keyword => Schemas.Any(schema => schema[keyword] is not null))).Aggregate(JsonTypes.None, (types, entry) => types | entry.Type);
        if (named != JsonTypes.None) Types = named;
    }

    private static (int, int?) Narrow(Schema schema, string minKeyword, string maxKeyword, int min, int? max)
    {
        int? own = schema.Count(maxKeyword);
        return (Math.Max(min, schema.Count(minKeyword) ?? 0), own is null || max < own ? max : own);
    }

    private static CharacterAutomaton Named(Schema schema, string keyword, Func<CharacterAutomaton> make)
    {
        try
        {
            return make();
        }
        catch (GrammarException e)
        {
            throw schema.Fault(keyword, $"is refused: {e.Message}");
        }
    }
}
