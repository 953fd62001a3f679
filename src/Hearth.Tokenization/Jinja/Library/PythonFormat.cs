using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Hearth.Tokenization;

/// <summary>'%s' % x and '{}'.format(x), as far as templates use them: widths, precision, alignment, s d f x.</summary>
internal static partial class PythonFormat
{
    private const int LargestWidth = 1000;

    [GeneratedRegex(@"%(?<flags>[-+ 0#]*)(?<width>\d+)?(?:\.(?<precision>\d+))?(?<kind>[a-zA-Z%])")]
    private static partial Regex Percent();

    [GeneratedRegex(@"^(?:(?<fill>.)(?=[<>^]))?(?<align>[<>^])?(?<sign>[-+ ])?(?<zero>0)?(?<width>\d+)?(?:\.(?<precision>\d+))?(?<kind>[sdfxXeg%])?$", RegexOptions.Singleline)]
    private static partial Regex Specification();

    public static string PercentFormat(RenderBudget budget, string format, object? values)
    {
        var queue = new Queue<object?>(values is JinjaList { IsTuple: true } tuple ? tuple.Items : [values]);
        return Percent().Replace(format, match =>
        {
            if (match.Groups["kind"].Value == "%") return "%";
            if (!queue.TryDequeue(out var value)) throw ChatTemplateException.Runtime("not enough arguments for format string");
            var flags = match.Groups["flags"].Value;
            var text = Convert(budget, value, match.Groups["kind"].Value, Number(match, "precision"));
            if (flags.Contains('+') && PythonNumber.IsNumber(value) && text[0] != '-') text = "+" + text;
            return Pad(text, flags.Contains('-') ? '<' : '>', flags.Contains('0') && !flags.Contains('-') ? '0' : ' ', Number(match, "width") ?? 0);
        });
    }

    /// <summary>str.format. Fields may walk attributes and items; what the sandbox hides prints as nothing.</summary>
    public static string BraceFormat(Frame frame, string format, Arguments arguments)
    {
        var output = new StringBuilder();
        var next = 0;
        for (var i = 0; i < format.Length; i++)
        {
            var isDouble = i + 1 < format.Length && format[i + 1] == format[i];
            if (format[i] is '{' or '}' && isDouble)
            {
                output.Append(format[i++]);
                continue;
            }

            if (format[i] != '{')
            {
                output.Append(format[i]);
                continue;
            }

            var end = format.IndexOf('}', i);
            if (end < 0) throw ChatTemplateException.Runtime("expected '}' before end of string");
            output.Append(Field(frame, format[(i + 1)..end], arguments, ref next));
            i = end;
        }

        return output.ToString();
    }

    private static string Field(Frame frame, string field, Arguments arguments, ref int next)
    {
        var colon = field.IndexOf(':');
        var (path, specification) = colon < 0 ? (field, "") : (field[..colon], field[(colon + 1)..]);
        var parts = path.Split('.');
        object? value;
        if (parts[0].Length == 0) value = arguments.Required(next++, "");
        else if (int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var position)) value = arguments.Required(position, "");
        else value = arguments.Required(int.MaxValue, parts[0]);
        foreach (var name in parts.Skip(1)) value = Attributes.Get(frame, value, name);

        var match = Specification().Match(specification);
        if (!match.Success) throw ChatTemplateException.Runtime($"the format specification '{specification}' is not supported");
        var kind = match.Groups["kind"].Success ? match.Groups["kind"].Value : "";
        var text = Convert(frame.State.Budget, value, kind, Number(match, "precision"));
        var align = match.Groups["align"].Success ? match.Groups["align"].Value[0] : PythonNumber.IsNumber(value) ? '>' : '<';
        var fill = match.Groups["fill"].Success ? match.Groups["fill"].Value[0] : match.Groups["zero"].Success ? '0' : ' ';
        if (match.Groups["sign"].Value == "+" && PythonNumber.IsNumber(value) && text[0] != '-') text = "+" + text;
        return Pad(text, align, fill, Number(match, "width") ?? 0);
    }

    private static string Convert(RenderBudget budget, object? value, string kind, int? precision)
    {
        switch (kind)
        {
            case "s" or "":
                var text = PythonText.Str(budget, value);
                return kind == "" && value is double number && precision is { } digits ? Fixed(number, digits)
                    : precision is { } length && length < text.Length ? text[..length] : text;
            case "r":
                var output = new StringBuilder();
                PythonText.WriteRepr(budget, value, output);
                return output.ToString();
            case "d" or "i":
                return PythonText.Str(value is double real ? PythonNumber.FromBig(new System.Numerics.BigInteger(Math.Truncate(real))) : PythonNumber.FromBig(PythonNumber.ToBig(value)));
            case "f" or "F":
                return Fixed(PythonNumber.ToDouble(value), precision ?? 6);
            case "%":
                return Fixed(PythonNumber.ToDouble(value) * 100, precision ?? 6) + "%";
            case "x" or "X":
                return PythonNumber.ToLong(value).ToString(kind, CultureInfo.InvariantCulture);
            default:
                throw ChatTemplateException.Runtime($"the format '{kind}' is not supported");
        }
    }

    private static string Fixed(double value, int precision) => value.ToString("F" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static int? Number(Match match, string group)
    {
        if (!match.Groups[group].Success) return null;
        return int.TryParse(match.Groups[group].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= LargestWidth
            ? value
            : throw RenderBudget.Exceeded($"formats with a width or precision above {LargestWidth}");
    }

    private static string Pad(string text, char align, char fill, int width)
    {
        var missing = width - PythonValue.RuneCount(text);
        if (missing <= 0) return text;
        var left = align switch { '<' => 0, '>' => missing, _ => missing / 2 };
        var isSigned = fill == '0' && text.Length > 0 && text[0] is '-' or '+';
        return isSigned && align == '>'
            ? text[0] + new string(fill, left) + text[1..]
            : new string(fill, left) + text + new string(fill, missing - left);
    }
}
