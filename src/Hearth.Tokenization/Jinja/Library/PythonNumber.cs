using System.Globalization;
using System.Numerics;

namespace Hearth.Tokenization;

/// <summary>Python's numbers: integers without overflow (up to a bound), floats, and booleans that count as 0 and 1.</summary>
internal static class PythonNumber
{
    // Larger integers have no use in a template, and powers of powers would take memory and time.
    private const int MostBits = 128;

    public static bool IsNumber(object? value) => value is bool or long or BigInteger or double;

    public static bool IsInteger(object? value) => value is bool or long or BigInteger;

    public static BigInteger ToBig(object? value) => value switch
    {
        bool flag => flag ? 1 : 0,
        long number => number,
        BigInteger number => number,
        _ => throw ChatTemplateException.Runtime($"'{PythonText.TypeName(value)}' object cannot be interpreted as an integer"),
    };

    public static long ToLong(object? value)
    {
        var number = ToBig(value);
        return number >= long.MinValue && number <= long.MaxValue ? (long)number
            : throw ChatTemplateException.Runtime("the integer is too large here");
    }

    public static double ToDouble(object? value) => value is double number ? number : (double)ToBig(value);

    public static object FromBig(BigInteger value)
    {
        if (value >= long.MinValue && value <= long.MaxValue) return (long)value;
        return value.GetBitLength() <= MostBits ? value : throw RenderBudget.Exceeded("computes an integer of more than 128 bits");
    }

    public static int Compare(object? left, object? right) => left is double || right is double
        ? ToDouble(left) == ToDouble(right) ? 0 : ToDouble(left) < ToDouble(right) ? -1 : 1
        : ToBig(left).CompareTo(ToBig(right));

    public static object Negate(object? value) => value is double number ? -number : FromBig(-ToBig(value));

    /// <summary>Any arithmetic operator on two numbers.</summary>
    public static object Apply(string operation, object? left, object? right)
    {
        if (operation == "**") return Power(left, right);
        if (operation is "/" or "//" or "%" && ToDouble(right) == 0) throw ChatTemplateException.Runtime("division by zero");
        if (operation == "/") return ToDouble(left) / ToDouble(right);
        return left is double || right is double
            ? ApplyDouble(operation, ToDouble(left), ToDouble(right))
            : FromBig(ApplyBig(operation, ToBig(left), ToBig(right)));
    }

    public static object ParseInteger(string digits, int radix)
    {
        var value = BigInteger.Zero;
        foreach (var digit in digits) value = value * radix + Convert.ToInt32(digit.ToString(), 16);
        return FromBig(value);
    }

    public static double ParseDouble(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    private static double ApplyDouble(string operation, double left, double right) => operation switch
    {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "//" => Math.Floor(left / right),
        _ => left - right * Math.Floor(left / right),
    };

    private static BigInteger ApplyBig(string operation, BigInteger left, BigInteger right) => operation switch
    {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "//" => FloorDivide(left, right),
        _ => left - right * FloorDivide(left, right),
    };

    private static BigInteger FloorDivide(BigInteger left, BigInteger right)
    {
        var quotient = BigInteger.DivRem(left, right, out var remainder);
        return !remainder.IsZero && remainder.Sign != right.Sign ? quotient - 1 : quotient;
    }

    private static object Power(object? left, object? right)
    {
        if (left is double || right is double || ToBig(right).Sign < 0) return Math.Pow(ToDouble(left), ToDouble(right));
        var (number, exponent) = (ToBig(left), ToBig(right));
        var isTiny = number.IsZero || BigInteger.Abs(number).IsOne;
        if (!isTiny && exponent * (number.GetBitLength() - 1) > MostBits) throw RenderBudget.Exceeded("computes an integer of more than 128 bits");
        return isTiny ? FromBig(exponent.IsZero || (number.Sign < 0 && exponent.IsEven) ? 1 : number)
            : FromBig(BigInteger.Pow(number, (int)exponent));
    }
}
