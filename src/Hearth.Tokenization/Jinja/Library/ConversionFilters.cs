using System.Globalization;

namespace Hearth.Tokenization;

/// <summary>Filters that make numbers and write sizes.</summary>
internal static class ConversionFilters
{
    public static object? Int(Frame frame, object? value, Arguments arguments)
    {
        var absent = arguments.Get(0, "default", 0L);
        if (PythonNumber.IsInteger(value)) return PythonNumber.FromBig(PythonNumber.ToBig(value));
        if (value is double number) return Truncated(number, absent);
        var text = (PythonValue.AsText(value) ?? "").Trim().Replace("_", "", StringComparison.Ordinal);
        var radix = (int)arguments.Integer(1, "base", 10);
        var digits = text.TrimStart('+', '-');
        var prefix = radix switch { 16 => "0x", 8 => "0o", 2 => "0b", _ => null };
        if (prefix is not null && digits.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)) digits = digits[2..];
        if (digits.Length > 0 && digits.All(digit => char.IsAsciiHexDigit(digit) && Convert.ToInt32(digit.ToString(), 16) < radix))
        {
            var parsed = PythonNumber.ParseInteger(digits, radix);
            return text.StartsWith('-') ? PythonNumber.Negate(parsed) : parsed;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) ? Truncated(real, absent) : absent;
    }

    public static object? Float(Frame frame, object? value, Arguments arguments)
    {
        if (PythonNumber.IsNumber(value)) return PythonNumber.ToDouble(value);
        return double.TryParse(PythonValue.AsText(value), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : arguments.Get(0, "default", 0.0);
    }

    public static object? Round(Frame frame, object? value, Arguments arguments)
    {
        var precision = (int)Math.Clamp(arguments.Integer(0, "precision", 0), -15, 15);
        var method = arguments.Text(1, "method", "common");
        if (method == "common" && PythonNumber.IsInteger(value)) return value;
        var scale = Math.Pow(10, precision);
        var number = PythonNumber.ToDouble(value);
        return method switch
        {
            "common" => precision >= 0 ? Math.Round(number, precision, MidpointRounding.ToEven) : Math.Round(number * scale) / scale,
            "ceil" => Math.Ceiling(number * scale) / scale,
            "floor" => Math.Floor(number * scale) / scale,
            _ => throw ChatTemplateException.Runtime("method must be common, ceil or floor"),
        };
    }

    public static object? FileSize(Frame frame, object? value, Arguments arguments)
    {
        var bytes = PythonNumber.ToDouble(value);
        var isBinary = arguments.Flag(0, "binary");
        double unit = isBinary ? 1024 : 1000;
        string[] names = isBinary ? ["KiB", "MiB", "GiB", "TiB", "PiB"] : ["kB", "MB", "GB", "TB", "PB"];
        if (bytes == 1) return "1 Byte";
        if (bytes < unit) return $"{(long)bytes} Bytes";
        var at = 0;
        for (bytes /= unit; bytes >= unit && at < names.Length - 1; at++) bytes /= unit;
        return bytes.ToString("F1", CultureInfo.InvariantCulture) + " " + names[at];
    }

    private static object? Truncated(double number, object? absent) =>
        double.IsFinite(number) ? PythonNumber.FromBig(new System.Numerics.BigInteger(Math.Truncate(number))) : absent;
}
