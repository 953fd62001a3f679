using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Hearth.Grammars.Tests;

/// <summary>The keywords of <see cref="RandomSchemas"/>, checked on a parsed value the plain way, with the platform's own parsers: nothing here knows of grammars.</summary>
internal static class ReferenceCheck
{
    public static bool IsValid(JsonElement schema, JsonElement value) => schema.EnumerateObject().All(keyword => Holds(keyword.Name, keyword.Value, schema, value));

    private static bool Holds(string keyword, JsonElement rule, JsonElement schema, JsonElement value)
    {
        bool isNumber = value.ValueKind == JsonValueKind.Number, isText = value.ValueKind == JsonValueKind.String, isList = value.ValueKind == JsonValueKind.Array;
        return keyword switch
        {
            "type" => rule.ValueKind == JsonValueKind.Array ? rule.EnumerateArray().Any(type => IsOf(type.GetString()!, value)) : IsOf(rule.GetString()!, value),
            "enum" => rule.EnumerateArray().Any(item => JsonElement.DeepEquals(item, value)),
            "minimum" => !isNumber || value.GetDecimal() >= rule.GetDecimal(),
            "maximum" => !isNumber || value.GetDecimal() <= rule.GetDecimal(),
            "exclusiveMinimum" => !isNumber || value.GetDecimal() > rule.GetDecimal(),
            "exclusiveMaximum" => !isNumber || value.GetDecimal() < rule.GetDecimal(),
            "minLength" => !isText || value.GetString()!.EnumerateRunes().Count() >= rule.GetInt32(),
            "maxLength" => !isText || value.GetString()!.EnumerateRunes().Count() <= rule.GetInt32(),
            "pattern" => !isText || Regex.IsMatch(value.GetString()!, rule.GetString()!.Replace("$", "\\z", StringComparison.Ordinal), RegexOptions.ECMAScript),
            "format" => !isText || IsFormat(rule.GetString()!, value.GetString()!),
            "minItems" => !isList || value.GetArrayLength() >= rule.GetInt32(),
            "maxItems" => !isList || value.GetArrayLength() <= rule.GetInt32(),
            "items" => !isList || value.EnumerateArray().All(item => IsValid(rule, item)),
            "anyOf" => rule.EnumerateArray().Any(option => IsValid(option, value)),
            "required" => rule.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
            "properties" => value.EnumerateObject().All(member => !rule.TryGetProperty(member.Name, out var own) || IsValid(own, member.Value)),
            "additionalProperties" => value.EnumerateObject().All(member => schema.GetProperty("properties").TryGetProperty(member.Name, out _) || (rule.ValueKind == JsonValueKind.Object && IsValid(rule, member.Value))),
            _ => throw new ArgumentException(keyword),
        };
    }

    private static bool IsOf(string type, JsonElement value) => type switch
    {
        "null" => value.ValueKind == JsonValueKind.Null,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "number" => value.ValueKind == JsonValueKind.Number && double.IsFinite(value.GetDouble()),
        "string" => value.ValueKind == JsonValueKind.String,
        "array" => value.ValueKind == JsonValueKind.Array,
        _ => value.ValueKind == JsonValueKind.Object,
    };

    private static bool IsFormat(string format, string text) => format switch
    {
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", out _) || text.StartsWith("0000", StringComparison.Ordinal), // .NET begins with year 1
        "date-time" => DateTimeOffset.TryParse(Regex.Replace(text.Replace("0000-", "2000-", StringComparison.Ordinal), "(?<=[+-])\\d\\d(?=:\\d\\d$)", "01"), CultureInfo.InvariantCulture, out _) || text.StartsWith("0001-01-01", StringComparison.Ordinal) || text.StartsWith("9999-12-31", StringComparison.Ordinal),
        "uuid" => Guid.TryParseExact(text, "D", out _),
        "ipv4" => IPAddress.TryParse(text, out var four) && four.AddressFamily == AddressFamily.InterNetwork && four.ToString() == text,
        "ipv6" => IPAddress.TryParse(text, out var six) && six.AddressFamily == AddressFamily.InterNetworkV6,
        _ => throw new ArgumentException(format),
    };
}
