using System.Globalization;
using System.Numerics;
using System.Text;

namespace Hearth.Tokenization;

/// <summary>json.dumps: the spelling chat templates expect of tojson, byte for byte.</summary>
internal sealed class PythonJson(RenderBudget budget, bool ensureAscii, int? indent, string itemSeparator, string keySeparator, bool sortKeys)
{
    private const int LargestIndent = 64;
    private readonly StringBuilder _output = new();
    private int _depth;

    public static object? Filter(Frame frame, object? value, Arguments arguments)
    {
        var indentArgument = arguments.Named.GetValueOrDefault("indent");
        int? indent = indentArgument is null ? null : (int)Math.Clamp(PythonNumber.ToLong(indentArgument), 0, LargestIndent + 1L);
        if (indent > LargestIndent) throw RenderBudget.Exceeded("indents JSON by more than 64");
        var separators = arguments.Named.GetValueOrDefault("separators") as JinjaList;
        var json = new PythonJson(
            frame.State.Budget, arguments.Flag(99, "ensure_ascii"), indent,
            separators is null ? indent is null ? ", " : "," : PythonText.Str(separators.Items[0]),
            separators is null ? ": " : PythonText.Str(separators.Items[1]),
            arguments.Flag(99, "sort_keys"));
        json.Write(value);
        return json._output.ToString();
    }

    private void Write(object? value)
    {
        budget.Step();
        RenderBudget.Descend();
        switch (value)
        {
            case null: _output.Append("null"); break;
            case bool flag: _output.Append(flag ? "true" : "false"); break;
            case long or BigInteger: _output.Append(CultureInfo.InvariantCulture, $"{value}"); break;
            case double number: _output.Append(Number(number)); break;
            case string text: WriteText(text); break;
            case Markup markup: WriteText(markup.Text); break;
            case JinjaList list: WriteBlock('[', ']', list.Items, Write); break;
            case JinjaDict dict: WriteBlock('{', '}', EntriesOf(dict), WriteEntry); break;
            default: throw ChatTemplateException.Runtime($"Object of type {PythonText.TypeName(value)} is not JSON serializable");
        }
    }

    private IReadOnlyList<KeyValuePair<object?, object?>> EntriesOf(JinjaDict dict) => sortKeys
        ? [.. dict.Entries.Order(Comparer<KeyValuePair<object?, object?>>.Create((a, b) => PythonValue.Compare(budget, a.Key, b.Key)))]
        : dict.Entries;

    private void WriteBlock<T>(char open, char close, IReadOnlyList<T> items, Action<T> write)
    {
        _output.Append(open);
        _depth++;
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0) _output.Append(itemSeparator);
            NewLine();
            write(items[i]);
        }

        _depth--;
        if (items.Count > 0) NewLine();
        _output.Append(close);
    }

    private void NewLine()
    {
        if (indent is not { } width) return;
        budget.Allocate(1 + (long)width * _depth);
        _output.Append('\n').Append(' ', width * _depth);
    }

    private void WriteEntry(KeyValuePair<object?, object?> entry)
    {
        WriteText(entry.Key switch
        {
            null => "null",
            bool flag => flag ? "true" : "false",
            double number => Number(number),
            long or BigInteger or string => PythonText.Str(entry.Key),
            _ => throw ChatTemplateException.Runtime($"keys must be str, int, float, bool or None, not {PythonText.TypeName(entry.Key)}"),
        });
        _output.Append(keySeparator);
        Write(entry.Value);
    }

    private static string Number(double value) => double.IsFinite(value) ? PythonText.Float(value)
        : double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";

    private void WriteText(string text)
    {
        budget.Allocate(text.Length);
        _output.Append('"');
        foreach (var unit in text)
        {
            var escape = unit switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\b' => "\\b",
                '\f' => "\\f",
                _ => null,
            };
            if (escape is not null) _output.Append(escape);
            else if (unit < ' ' || (ensureAscii && unit > '~')) _output.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
            else _output.Append(unit);
        }

        _output.Append('"');
    }
}
