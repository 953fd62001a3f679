using System.Globalization;
using System.Numerics;

namespace Hearth.Grammars;

/// <summary>An exact decimal number: <paramref name="Unscaled"/> x 10^-<paramref name="Scale"/>, without zeros at its end.</summary>
internal readonly record struct DecimalValue(BigInteger Unscaled, int Scale) : IComparable<DecimalValue>
{
    private const int MostExponent = 400; // beyond any double

    public static DecimalValue Zero { get; } = new(0, 0);

    /// <summary>Reads a number as JSON writes it; null where its exponent is out of all reason.</summary>
    public static DecimalValue? Parse(string json)
    {
        int mark = json.IndexOfAny(['e', 'E']);
        string digits = mark < 0 ? json : json[..mark];
        if (mark >= 0 && !int.TryParse(json.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)) return null;
        int exponent = mark < 0 ? 0 : int.Parse(json.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (Math.Abs((long)exponent) > MostExponent || digits.Length > MostExponent) return null;
        int point = digits.IndexOf('.');
        int scale = (point < 0 ? 0 : digits.Length - point - 1) - exponent;
        return Normal(BigInteger.Parse(digits.Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture), scale);
    }

    public static DecimalValue Of(BigInteger whole) => new(whole, 0);

    public DecimalValue Negated => this with { Unscaled = -Unscaled };

    /// <summary>The largest whole number that is not larger.</summary>
    public BigInteger Floor
    {
        get
        {
            var divisor = BigInteger.Pow(10, Scale);
            var quotient = BigInteger.DivRem(Unscaled, divisor, out var rest);
            return rest.Sign < 0 ? quotient - 1 : quotient;
        }
    }

    public bool IsWhole => Scale == 0;

    /// <summary>Digits behind the point of a number that is not negative.</summary>
    public string Fraction => Scale == 0 ? "" : (Unscaled % BigInteger.Pow(10, Scale)).ToString(CultureInfo.InvariantCulture).PadLeft(Scale, '0');

    public int CompareTo(DecimalValue other)
    {
        int scale = Math.Max(Scale, other.Scale);
        return Scaled(scale).CompareTo(other.Scaled(scale));
    }

    public static bool operator <(DecimalValue a, DecimalValue b) => a.CompareTo(b) < 0;

    public static bool operator >(DecimalValue a, DecimalValue b) => a.CompareTo(b) > 0;

    public static bool operator <=(DecimalValue a, DecimalValue b) => a.CompareTo(b) <= 0;

    public static bool operator >=(DecimalValue a, DecimalValue b) => a.CompareTo(b) >= 0;

    /// <summary>Whether it is a whole multiple of another one, above 0.</summary>
    public bool IsMultipleOf(DecimalValue other)
    {
        int scale = Math.Max(Scale, other.Scale);
        return (Scaled(scale) % other.Scaled(scale)).IsZero;
    }

    public override string ToString() => Scale == 0 ? Unscaled.ToString(CultureInfo.InvariantCulture) : $"{Unscaled}e-{Scale}";

    private BigInteger Scaled(int scale) => Unscaled * BigInteger.Pow(10, scale - Scale);

    private static DecimalValue Normal(BigInteger unscaled, int scale)
    {
        while (scale > 0 && (unscaled % 10).IsZero)
        {
            unscaled /= 10;
            scale--;
        }
        return scale < 0 ? new(unscaled * BigInteger.Pow(10, -scale), 0) : new(unscaled, scale);
    }
}
