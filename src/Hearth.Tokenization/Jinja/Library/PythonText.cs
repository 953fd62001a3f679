using System.Globalization;
using System.Numerics;
using System.Text;

namespace Hearth.Tokenization;

/// <summary>str() and repr().</summary>
internal static class PythonText
{
    public static string TypeName(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        long or BigInteger => "int",
        double => "float",
        string => "str",
        Markup => "Markup",
        JinjaList list => list.IsTuple ? "tuple" : "list",
        JinjaDict => "dict",
        Generator => "generator",
        JinjaNamespace => "TemplateNamespace",
        Undefined => "Undefined",
        JinjaFunction => "function",
        PythonBytes => "bytes",
        _ => value.GetType().Name,
    };

    /// <summary>str() of a value that is no container, or of a small one.</summary>
    public static string Str(object? value) => Str(new RenderBudget(0), value);

    public static string Str(RenderBudget budget, object? value)
    {
        if (value is string text) return text;
        if (value is Markup markup) return markup.Text;
        if (value is Undefined) return "";
        var output = new StringBuilder();
        WriteRepr(budget, value, output);
        return output.ToString();
    }

    /// <summary>Shortest text that reads back, with an exponent below 1e-4 and from 1e16 on.</summary>
    public static string Float(double value)
    {
        if (double.IsNaN(value)) return "nan";
        if (double.IsInfinity(value)) return value > 0 ? "inf" : "-inf";
        if (value == 0) return double.IsNegative(value) ? "-0.0" : "0.0";

        var digits = ShortestDigits(Math.Abs(value), out var exponent);
        var sign = value < 0 ? "-" : "";
        if (exponent is < -4 or >= 16)
        {
            var mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
            return $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        if (exponent < 0) return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        digits = digits.PadRight(exponent + 2, '0');
        return $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    public static void WriteRepr(RenderBudget budget, object? value, StringBuilder output)
    {
        budget.Step();
        RenderBudget.Descend();
        switch (value)
        {
            case null: output.Append("None"); break;
            case bool flag: output.Append(flag ? "True" : "False"); break;
            case long number: output.Append(number.ToString(CultureInfo.InvariantCulture)); break;
            case BigInteger number: output.Append(number.ToString(CultureInfo.InvariantCulture)); break;
            case double number: output.Append(Float(number)); break;
            case string text: WriteQuoted(budget, text, output); break;
            case Markup markup: output.Append("Markup("); WriteQuoted(budget, markup.Text, output); output.Append(')'); break;
            case JinjaList list: WriteList(budget, list, output); break;
            case JinjaDict dict: WriteDict(budget, dict, output); break;
            case JinjaNamespace names: output.Append("<Namespace "); WriteDict(budget, names.Attributes, output); output.Append('>'); break;
            case Undefined: output.Append("Undefined"); break;
            default: output.Append(value is PythonBytes or TemplateReference ? value.ToString() : $"<{TypeName(value)} object>"); break;
        }
    }

    /// <summary>The digits d1 d2 ... of d1.d2... times ten to the exponent.</summary>
    private static string ShortestDigits(double value, out int exponent)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        var at = text.IndexOf('E');
        var scale = at < 0 ? 0 : int.Parse(text.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = at < 0 ? text : text[..at];
        var point = mantissa.IndexOf('.') is var found && found < 0 ? mantissa.Length : found;
        var all = mantissa.Replace(".", "", StringComparison.Ordinal);
        var digits = all.TrimStart('0');
        exponent = point - 1 - (all.Length - digits.Length) + scale;
        return digits.TrimEnd('0');
    }

    private static void WriteList(RenderBudget budget, JinjaList list, StringBuilder output)
    {
        output.Append(list.IsTuple ? '(' : '[');
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (i > 0) output.Append(", ");
            WriteRepr(budget, list.Items[i], output);
        }

        if (list.IsTuple && list.Items.Count == 1) output.Append(',');
        output.Append(list.IsTuple ? ')' : ']');
    }

    private static void WriteDict(RenderBudget budget, JinjaDict dict, StringBuilder output)
    {
        output.Append('{');
        for (var i = 0; i < dict.Count; i++)
        {
            if (i > 0) output.Append(", ");
            WriteRepr(budget, dict.Entries[i].Key, output);
            output.Append(": ");
            WriteRepr(budget, dict.Entries[i].Value, output);
        }

        output.Append('}');
    }

    private static void WriteQuoted(RenderBudget budget, string text, StringBuilder output)
    {
        budget.Allocate(text.Length);
        var quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        output.Append(quote);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == quote || rune.Value == '\\') output.Append('\\').Append(rune);
            else if (rune.Value is '\n') output.Append("\\n");
            else if (rune.Value is '\r') output.Append("\\r");
            else if (rune.Value is '\t') output.Append("\\t");
            else if (IsPrintable(rune)) output.Append(rune);
            else output.Append(rune.Value < 0x100 ? $"\\x{rune.Value:x2}" : rune.Value < 0x10000 ? $"\\u{rune.Value:x4}" : $"\\U{rune.Value:x8}");
        }

        output.Append(quote);
    }

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);
}

/// <summary>What 'text'.encode() gives: can only be printed.</summary>
internal sealed record PythonBytes(string Ascii)
{
    public override string ToString() => $"b'{Ascii}'";
}

/// <summary>The variable self: can only be printed.</summary>
internal sealed record TemplateReference
{
    public override string ToString() => "<TemplateReference None>";
}
