using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hearth.Grammars.Tests;

/// <summary>Writes JSON as JavaScript and Python do without escaping more than needed: compact, with blanks, or indented.</summary>
internal sealed class JsonWriter(string comma, string colon, string? indent)
{
    public static JsonWriter[] Styles { get; } = [new(",", ":", null), new(", ", ": ", null), new(",", ": ", "  "), new(",", ": ", "\t")];

    public string Write(JsonNode? value) => Write(value, 0);

    private string Write(JsonNode? value, int depth) => value switch
    {
        null => "null",
        JsonArray list => Group('[', ']', [.. list.Select(item => Write(item, depth + 1))], depth),
        JsonObject members => Group('{', '}', [.. members.Select(member => Quoted(member.Key) + colon + Write(member.Value, depth + 1))], depth),
        _ => value.GetValueKind() == JsonValueKind.String ? Quoted(value.GetValue<string>()) : value.ToJsonString(),
    };

    private string Group(char open, char close, string[] items, int depth)
    {
        if (items.Length == 0 || indent is null) return open + string.Join(comma, items) + close;
        string line = "\n" + string.Concat(Enumerable.Repeat(indent, depth + 1)), last = "\n" + string.Concat(Enumerable.Repeat(indent, depth));
        return open + line + string.Join(comma + line, items) + last + close;
    }

    private static string Quoted(string text)
    {
        var written = new StringBuilder("\"");
        foreach (char unit in text)
        {
            int known = "\b\f\n\r\t\"\\".IndexOf(unit, StringComparison.Ordinal);
            if (known >= 0) written.Append('\\').Append("bfnrt\"\\"[known]);
            else if (unit < ' ') written.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
            else written.Append(unit);
        }
        return written.Append('"').ToString();
    }
}
