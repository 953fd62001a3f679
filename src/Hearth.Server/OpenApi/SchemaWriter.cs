using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Hearth.Contracts;

namespace Hearth.Server;

/// <summary>JSON Schemas of contract records, read from the serializer's own view of them, so that names and types are those of the wire.</summary>
internal sealed class SchemaWriter
{
    /// <summary>Named schemas that were referred to.</summary>
    public JsonObject Components { get; } = [];

    /// <summary>A reference to the record's schema; its fields are spelt as the plane that uses it spells them.</summary>
    public JsonObject Of(Type type, bool inference = false) => Of(type, inference ? InferenceJson.Options : ContractJson.Options);

    private JsonObject Of(Type type, JsonSerializerOptions options)
    {
        if (Nullable.GetUnderlyingType(type) is { } inner) return Of(inner, options);
        if (Primitive(type, options) is { } primitive) return primitive;
        if (type.IsEnum) return Named(type, () => new() { ["type"] = "string", ["enum"] = new JsonArray([.. Enum.GetNames(type).Select(name => JsonValue.Create(name))]) });
        var info = options.GetTypeInfo(type);
        return info.Kind switch
        {
            JsonTypeInfoKind.Object => Named(type, () => Object(info, options)),
            JsonTypeInfoKind.Enumerable => new() { ["type"] = "array", ["items"] = Of(info.ElementType!, options) },
            JsonTypeInfoKind.Dictionary => new() { ["type"] = "object", ["additionalProperties"] = Of(info.ElementType!, options) },
            _ => [], // any value
        };
    }

    private JsonObject Named(Type type, Func<JsonObject> make)
    {
        if (!Components.ContainsKey(type.Name))
        {
            Components[type.Name] = new JsonObject(); // a record that holds itself refers to this
            Components[type.Name] = make();
        }
        return new() { ["$ref"] = $"#/components/schemas/{type.Name}" };
    }

    private JsonObject Object(JsonTypeInfo type, JsonSerializerOptions options)
    {
        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var property in type.Properties.Where(property => property.Get is not null))
        {
            properties[property.Name] = Property(property, options);
            if (property.IsRequired) required.Add((JsonNode)property.Name);
        }
        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties };
        if (required.Count > 0) schema["required"] = required;
        return schema;
    }

    private JsonObject Property(JsonPropertyInfo property, JsonSerializerOptions options)
    {
        var converter = (property.AttributeProvider?.GetCustomAttributes(typeof(JsonConverterAttribute), inherit: true).FirstOrDefault() as JsonConverterAttribute)?.ConverterType;
        if (converter == typeof(Int64AsNumber)) return new() { ["type"] = "integer", ["format"] = "int64" };
        var schema = Of(property.PropertyType, options);
        var isNullable = Nullable.GetUnderlyingType(property.PropertyType) is not null || property.IsGetNullable;
        if (!isNullable || schema.Count == 0) return schema;
        if (schema["type"] is not JsonValue type) return new() { ["anyOf"] = new JsonArray(schema, new JsonObject { ["type"] = "null" }) };
        schema["type"] = new JsonArray(type.GetValue<string>(), "null");
        return schema;
    }

    private static JsonObject? Primitive(Type type, JsonSerializerOptions options) => Type.GetTypeCode(type) switch
    {
        _ when type.IsEnum => null,
        TypeCode.String => new() { ["type"] = "string" },
        TypeCode.Boolean => new() { ["type"] = "boolean" },
        TypeCode.Int32 => new() { ["type"] = "integer", ["format"] = "int32" },
        TypeCode.Int64 when options == ContractJson.Options => new() { ["type"] = "string", ["format"] = "int64" },
        TypeCode.Int64 => new() { ["type"] = "integer", ["format"] = "int64" },
        TypeCode.Single or TypeCode.Double or TypeCode.Decimal => new() { ["type"] = "number" },
        _ when type == typeof(DateTimeOffset) => new() { ["type"] = "string", ["format"] = "date-time" },
        _ when type == typeof(JsonElement) || type == typeof(object) => [],
        _ => null,
    };
}
