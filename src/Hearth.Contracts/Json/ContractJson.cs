using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Hearth.Contracts;

/// <summary>
/// JSON of the control plane, in protobuf's style: camelCase out, camelCase or snake_case in, 64-bit integers as strings,
/// times as RFC 3339 in UTC, enums by name, defaults written.
/// </summary>
public static class ContractJson
{
    public static JsonSerializerOptions Options { get; } = Create();

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            NumberHandling = JsonNumberHandling.AllowReadingFromString,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { AddSnakeCaseNames } },
            Converters = { new JsonStringEnumConverter(namingPolicy: null, allowIntegerValues: false), new Int64AsString(), new TimeAsRfc3339() },
        };
        options.MakeReadOnly();
        return options;
    }

    // Each property gets a second, read-only-from-the-wire name: clients of the platform send both spellings.
    private static void AddSnakeCaseNames(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object) return;
        foreach (var property in type.Properties.ToArray())
        {
            var snake = JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name);
            if (property.Set is null || type.Properties.Any(other => other.Name == snake)) continue;
            var alias = type.CreateJsonPropertyInfo(property.PropertyType, snake);
            alias.Set = property.Set;
            alias.CustomConverter = property.CustomConverter;
            type.Properties.Add(alias);
        }
    }
}

/// <summary>64-bit integers: written as strings, read from strings and numbers.</summary>
internal sealed class Int64AsString : JsonConverter<long>
{
    public override long Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Number when reader.TryGetInt64(out var number) => number,
        JsonTokenType.String when long.TryParse(reader.GetString(), out var number) => number,
        _ => throw new JsonException("expected a 64-bit integer, as a string or a number"),
    };

    public override void Write(Utf8JsonWriter writer, long value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}

/// <summary>64-bit integers in the few places where the contract has plain numbers.</summary>
public sealed class Int64AsNumber : JsonConverter<long>
{
    public override long Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.GetInt64();

    public override void Write(Utf8JsonWriter writer, long value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}

/// <summary>RFC 3339 in UTC with up to seven fractional digits and a <c>Z</c>.</summary>
internal sealed class TimeAsRfc3339 : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && DateTimeOffset.TryParse(reader.GetString(), null,
            System.Globalization.DateTimeStyles.AssumeUniversal | System.Globalization.DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : throw new JsonException("expected an RFC 3339 time such as 2026-01-31T12:00:00Z");

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'"));
}
