using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>
/// <c>response_format</c> in OpenAI's form (<c>{type: json_schema, json_schema: {name, schema, strict}}</c>) and in Fireworks' forms: <c>schema</c> beside the type, or
/// <c>json_schema</c> holding the schema itself; either may be JSON text. The schema is compiled where the model is; here only its place is found.
/// </summary>
internal static class ResponseFormatRules
{
    private const string AnyObject = """{"type":"object"}""";
    private static readonly string[] Wrapping = ["name", "description", "schema", "strict"];

    /// <summary>The schema of the answer as JSON text; null: any text.</summary>
    public static string? SchemaOf(SamplingFields fields)
    {
        if (fields.ResponseFormat is not { ValueKind: not JsonValueKind.Null } format) return null;
        if (format.ValueKind != JsonValueKind.Object) throw Fault("must be an object with a type.");
        string? schema = TypeOf(format) switch
        {
            "text" => null,
            "json_object" => Given(format, "schema") is { } own ? TextOf(own) : AnyObject,
            "json_schema" => JsonSchemaOf(format),
            "grammar" => throw new HearthException(ErrorCode.Unimplemented, "response_format type grammar is not implemented by this server. Use json_schema, or a later version.") { Param = "response_format" },
            _ => throw Fault("has an unknown type: use text, json_object or json_schema."),
        };
        if (schema is not null && fields.IgnoreEos == true) throw SamplingRules.Fault("ignore_eos", "cannot be combined with response_format: the answer ends with its last brace.");
        return schema;
    }

    private static string? TypeOf(JsonElement format) => Given(format, "type") is { ValueKind: JsonValueKind.String } type ? type.GetString() : throw Fault("needs a type: text, json_object or json_schema.");

    private static string JsonSchemaOf(JsonElement format)
    {
        if (Given(format, "json_schema") is not { } given) return TextOf(Given(format, "schema") ?? throw Fault("needs json_schema with a schema."));
        var json = given.ValueKind == JsonValueKind.String ? Parsed(given.GetString()!) : given;
        // OpenAI's wrapper has a name and a schema; anything else is the schema itself.
        bool isWrapped = json.ValueKind == JsonValueKind.Object && json.TryGetProperty("schema", out _) && json.EnumerateObject().All(member => Wrapping.Contains(member.Name));
        return TextOf(isWrapped ? json.GetProperty("schema") : json);
    }

    private static string TextOf(JsonElement schema)
    {
        if (schema.ValueKind == JsonValueKind.String) schema = Parsed(schema.GetString()!);
        return schema.ValueKind == JsonValueKind.Object ? schema.GetRawText() : throw Fault("has a schema that is no object.");
    }

    private static JsonElement Parsed(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw Fault($"has a schema that is text, but no JSON: {e.Message}");
        }
    }

    private static JsonElement? Given(JsonElement format, string name) => format.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static HearthException Fault(string rule) => SamplingRules.Fault("response_format", rule);
}
