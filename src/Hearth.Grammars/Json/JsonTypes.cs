using System.Text.Json;

namespace Hearth.Grammars;

/// <summary>JSON Schema's types; a number is whole or not.</summary>
[Flags]
internal enum JsonTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Integer = 4,
    Fraction = 8,
    String = 16,
    Array = 32,
    Object = 64,
    Number = Integer | Fraction,
    All = Null | Boolean | Number | String | Array | Object,
}

internal static class JsonTypesReading
{
    /// <summary>What type and nullable allow.</summary>
    public static JsonTypes Types(this Schema schema)
    {
        if (schema["type"] is not { } type) return JsonTypes.All;
        JsonElement[] names = type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray()] : [type];
        var types = names.Aggregate(JsonTypes.None, (all, name) => all | Named(schema, name));
        return schema["nullable"] is { ValueKind: JsonValueKind.True } ? types | JsonTypes.Null : types;
    }

    /// <summary>The type of a value.</summary>
    public static JsonTypes TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => JsonTypes.Null,
        JsonValueKind.True or JsonValueKind.False => JsonTypes.Boolean,
        JsonValueKind.Number => DecimalValue.Parse(value.GetRawText()) is { IsWhole: false } ? JsonTypes.Fraction : JsonTypes.Integer,
        JsonValueKind.String => JsonTypes.String,
        JsonValueKind.Array => JsonTypes.Array,
        _ => JsonTypes.Object,
    };

    private static JsonTypes Named(Schema schema, JsonElement name) => (name.ValueKind == JsonValueKind.String ? name.GetString() : null) switch
    {
        "null" => JsonTypes.Null,
        "boolean" => JsonTypes.Boolean,
        "integer" => JsonTypes.Integer,
        "number" => JsonTypes.Number,
        "string" => JsonTypes.String,
        "array" => JsonTypes.Array,
        "object" => JsonTypes.Object,
        _ => throw schema.Fault("type", "must be null, boolean, integer, number, string, array or object, or a list of these."),
    };
}
