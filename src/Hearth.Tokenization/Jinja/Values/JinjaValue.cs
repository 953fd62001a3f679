using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hearth.Tokenization;

/// <summary>JSON to template values.</summary>
internal static class JinjaValue
{
    public static object? From(JsonNode? node) => node switch
    {
        null => null,
        JsonArray array => new JinjaList([.. array.Select(From)]),
        JsonObject fields => FromObject(fields),
        _ => FromScalar(node),
    };

    /// <summary>Characters and values in all: what the budget of a rendering grows with.</summary>
    public static long SizeOf(object? value) => value switch
    {
        string text => 1 + text.Length,
        JinjaList list => 1 + list.Items.Sum(SizeOf),
        JinjaDict dict => 1 + dict.Entries.Sum(entry => SizeOf(entry.Key) + SizeOf(entry.Value)),
        _ => 1,
    };

    private static JinjaDict FromObject(JsonObject fields)
    {
        var dict = new JinjaDict();
        foreach (var (name, value) in fields) dict.Set(name, From(value));
        return dict;
    }

    private static object? FromScalar(JsonNode node) => node.GetValueKind() switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => node.GetValue<string>(),
        JsonValueKind.Number => FromNumber(node.ToJsonString()),
        _ => null,
    };

    private static object FromNumber(string text) => text.AsSpan().IndexOfAny(".eE") < 0
        ? PythonNumber.FromBig(System.Numerics.BigInteger.Parse(text, CultureInfo.InvariantCulture))
        : PythonNumber.ParseDouble(text);
}
