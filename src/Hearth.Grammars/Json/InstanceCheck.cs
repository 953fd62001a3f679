using System.Text.Json;

namespace Hearth.Grammars;

/// <summary>Whether the value of an enum or const is valid under the schemas beside it.</summary>
internal sealed class InstanceCheck(SchemaDocument document, Func<IEnumerable<Schema>, List<IReadOnlyList<Schema>>> expand)
{
    private const int MostDepth = 100;
    private readonly Dictionary<int, HashSet<string>> _listed = []; // by schema: its values, canonical
    private int _depth;

    /// <summary>Whether all schemas hold for a value.</summary>
    public bool Holds(IEnumerable<Schema> schemas, JsonElement value)
    {
        if (++_depth > MostDepth) throw new GrammarException("The values of enum nest too deep to be checked against the schemas beside them.");
        bool holds = expand(schemas).Any(branch => HoldsAlone(branch, value));
        _depth--;
        return holds;
    }

    /// <summary>The same for schemas whose $ref, allOf, anyOf and oneOf are resolved.</summary>
    public bool HoldsAlone(IReadOnlyList<Schema> branch, JsonElement value) => branch.Count == 0 || Holds(new SchemaShape(branch), value);

    /// <summary>The same for schemas that are merged already.</summary>
    public bool Holds(SchemaShape shape, JsonElement value)
    {
        var type = JsonTypesReading.TypeOf(value);
        if ((shape.Types & type) == 0 || !shape.Schemas.All(schema => IsListed(schema, value))) return false;
        return type switch
        {
            JsonTypes.Integer or JsonTypes.Fraction => IsNumber(shape, value),
            JsonTypes.String => IsString(shape, value.GetString()!),
            JsonTypes.Array => IsArray(shape, value),
            JsonTypes.Object => IsObject(shape, value),
            _ => true,
        };
    }

    private bool IsListed(Schema schema, JsonElement value)
    {
        if (schema["const"] is null && schema["enum"] is null) return true;
        if (!_listed.TryGetValue(schema.Id, out var texts)) _listed[schema.Id] = texts = [.. ListedIn(schema).Select(JsonText.Canonical)];
        return texts.Contains(JsonText.Canonical(value));
    }

    private static IEnumerable<JsonElement> ListedIn(Schema schema)
    {
        if (schema["const"] is not { } only) return schema["enum"]!.Value.EnumerateArray();
        // Beside a const, an enum must have it, or there is no value.
        return schema["enum"] is not { } list || list.EnumerateArray().Any(item => JsonElement.DeepEquals(item, only)) ? [only] : [];
    }

    private static bool IsNumber(SchemaShape shape, JsonElement value) =>
        DecimalValue.Parse(value.GetRawText()) is { } number && shape.Bounds.Contains(number)
        && shape.Schemas.All(schema => schema.Number("multipleOf") is not { } divisor || number.IsMultipleOf(divisor));

    private static bool IsString(SchemaShape shape, string text)
    {
        int length = text.EnumerateRunes().Count();
        return length >= shape.MinLength && length <= (shape.MaxLength ?? int.MaxValue) && (!shape.HasPatterns || shape.Strings().Matches(text));
    }

    private bool IsArray(SchemaShape shape, JsonElement value)
    {
        int length = value.GetArrayLength();
        if (length < shape.MinItems || length > (shape.MaxItems ?? int.MaxValue)) return false;
        var items = new ArrayShape(document, shape.Schemas);
        return value.EnumerateArray().Select((item, i) => (Item: item, Schemas: items.ItemAt(i))).All(entry => entry.Schemas is not null && Holds(entry.Schemas, entry.Item));
    }

    private bool IsObject(SchemaShape shape, JsonElement value)
    {
        int count = value.EnumerateObject().Count();
        if (count < shape.MinProperties || count > (shape.MaxProperties ?? int.MaxValue)) return false;
        var members = new ObjectShape(document, shape.Schemas);
        if (!members.Required.All(name => value.TryGetProperty(name, out _))) return false;
        return value.EnumerateObject().All(member => Holds(members.ValueOf(member.Name), member.Value)
            && (members.NameSchemas.Count == 0 || Holds(members.NameSchemas, JsonSerializer.SerializeToElement(member.Name))));
    }
}
