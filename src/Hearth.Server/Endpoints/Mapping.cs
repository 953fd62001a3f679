using System.Globalization;
using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Small mappings that several resources share.</summary>
internal static class Mapping
{
    private const double MaxDurationSeconds = 315_576_000_000; // protobuf's limit, some 10,000 years

    public static Status ToStatus(ErrorCode code, string message) =>
        new() { Code = Enum.Parse<StatusCode>(code == ErrorCode.Ok ? "OK" : JsonNamingPolicy.SnakeCaseUpper.ConvertName(code.ToString())), Message = message };

    /// <summary>What the caller set, as stored.</summary>
    public static string ToEcho<T>(T param) => JsonSerializer.Serialize(param, EchoOptions);

    /// <summary>What the caller set, back as the contract's type.</summary>
    public static T FromEcho<T>(string echo) => JsonSerializer.Deserialize<T>(echo, ContractJson.Options)!;

    /// <summary>PATCH changes only the fields that are present.</summary>
    public static T Merge<T>(string echo, T patch)
    {
        var merged = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(echo)!;
        foreach (var (field, value) in JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(ToEcho(patch))!) merged[field] = value;
        return JsonSerializer.Deserialize<T>(JsonSerializer.Serialize(merged), ContractJson.Options)!;
    }

    /// <summary>Names are shorter than 64 characters, descriptions than 1,000.</summary>
    public static void CheckTexts(string? displayName, string? description = null)
    {
        if (displayName?.Length >= 64) throw HearthException.Invalid("displayName must be shorter than 64 characters.");
        if (description?.Length >= 1000) throw HearthException.Invalid("description must be shorter than 1000 characters.");
    }

    /// <summary>Durations are spelled <c>600s</c>; fractions are allowed. Null where nothing is given.</summary>
    public static TimeSpan? ToDuration(string? text, string field)
    {
        if (string.IsNullOrEmpty(text)) return null;
        if (text.EndsWith('s') && double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds <= MaxDurationSeconds)
            return TimeSpan.FromSeconds(seconds);
        throw new HearthException(ErrorCode.InvalidArgument, $"{field} '{text}' is no duration. Write seconds, such as 600s.") { Param = field };
    }

    public static string ToDuration(TimeSpan duration) => string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds}s");

    public static TEnum ToEnum<TEnum>(string text) where TEnum : struct, Enum => Enum.TryParse<TEnum>(text, out var value) ? value : default;

    private static readonly JsonSerializerOptions EchoOptions =
        new(ContractJson.Options) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };
}
