using System.Globalization;
using System.Text;

namespace Hearth.Tokenization;

/// <summary>strftime in the C locale.</summary>
internal static class PythonTime
{
    public static string Format(DateTime time, string format)
    {
        var output = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                output.Append(format[i]);
                continue;
            }

            var unpadded = format[++i] == '-' && i + 1 < format.Length;
            if (unpadded) i++;
            var text = Directive(time, format[i]);
            output.Append(unpadded ? text.TrimStart('0') is { Length: > 0 } trimmed ? trimmed : "0" : text);
        }

        return output.ToString();
    }

    private static string Directive(DateTime time, char directive) => directive switch
    {
        'Y' => Text(time, "yyyy"),
        'y' => Text(time, "yy"),
        'm' => Text(time, "MM"),
        'd' => Text(time, "dd"),
        'e' => time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'B' => Text(time, "MMMM"),
        'b' or 'h' => Text(time, "MMM"),
        'A' => Text(time, "dddd"),
        'a' => Text(time, "ddd"),
        'H' => Text(time, "HH"),
        'I' => Text(time, "hh"),
        'M' => Text(time, "mm"),
        'S' => Text(time, "ss"),
        'f' => Text(time, "ffffff"),
        'p' => time.Hour < 12 ? "AM" : "PM",
        'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        'w' => ((int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
        'u' => (time.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
        'F' => Text(time, "yyyy-MM-dd"),
        'T' or 'X' => Text(time, "HH:mm:ss"),
        'R' => Text(time, "HH:mm"),
        'D' or 'x' => Text(time, "MM/dd/yy"),
        'c' => $"{Text(time, "ddd MMM")} {time.Day,2} {Text(time, "HH:mm:ss yyyy")}",
        'z' or 'Z' => "",
        'n' => "\n",
        't' => "\t",
        '%' => "%",
        _ => throw ChatTemplateException.Runtime($"strftime directive '%{directive}' is not supported"),
    };

    private static string Text(DateTime time, string format) => time.ToString(format, CultureInfo.InvariantCulture);
}
