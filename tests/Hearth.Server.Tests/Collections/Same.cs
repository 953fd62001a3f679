using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hearth.Server.Tests;

/// <summary>When two JSON values are the same to a client.</summary>
public static class Same
{
    /// <summary>Everything in <paramref name="wanted"/> is in <paramref name="found"/>; messages may have more fields.</summary>
    public static bool Holds(JsonNode? found, JsonNode? wanted) => (found, wanted) switch
    {
        (_, null) => true,
        (JsonObject answer, JsonObject part) => part.All(field => answer.ContainsKey(field.Key) && Holds(answer[field.Key], field.Value)),
        (JsonArray answer, JsonArray list) => answer.Count == list.Count && answer.Zip(list).All(pair => Holds(pair.First, pair.Second)),
        (JsonValue answer, JsonValue value) => IsEqual(answer, value),
        _ => false,
    };

    private static bool IsEqual(JsonValue a, JsonValue b)
    {
        if (a.GetValueKind() == JsonValueKind.Number && b.GetValueKind() == JsonValueKind.Number) return a.GetValue<JsonElement>().GetDouble().Equals(AsNumber(b));
        var (first, second) = (a.ToString(), b.ToString());
        return first == second || (IsTime(first, out var x) && IsTime(second, out var y) && x == y);
    }

    private static double AsNumber(JsonValue value) => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);

    private static bool IsTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time) && text.Contains('T');
}
