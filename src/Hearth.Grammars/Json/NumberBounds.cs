using System.Numerics;

namespace Hearth.Grammars;

/// <summary>Between what a number must lie; null: no bound on that side.</summary>
internal readonly record struct NumberBounds(DecimalValue? Low, bool LowIsOut, DecimalValue? High, bool HighIsOut)
{
    public bool IsBounded => Low is not null || High is not null;

    public NumberBounds WithLow(DecimalValue low, bool isOut) =>
        Low is { } own && (own > low || (own == low && (LowIsOut || !isOut))) ? this : this with { Low = low, LowIsOut = isOut };

    public NumberBounds WithHigh(DecimalValue high, bool isOut) =>
        High is { } own && (own < high || (own == high && (HighIsOut || !isOut))) ? this : this with { High = high, HighIsOut = isOut };

    public bool Contains(DecimalValue value) =>
        (Low is not { } low || value > low || (value == low && !LowIsOut)) && (High is not { } high || value < high || (value == high && !HighIsOut));
}

/// <summary>Regular expressions of the decimal numbers in a range, compared digit by digit. None has an exponent.</summary>
internal static class NumberRange
{
    private static readonly BigInteger MostInteger = BigInteger.Pow(10, SharedRules.MostIntegerDigits) - 1;
    private static readonly DecimalValue OverNumber = DecimalValue.Of(BigInteger.Pow(10, SharedRules.MostDigits));

    /// <summary>Whole numbers; null: there is none.</summary>
    public static string? Integers(NumberBounds bounds)
    {
        var low = bounds.Low is { } least ? Largest(-MostInteger, least.IsWhole ? least.Unscaled + (bounds.LowIsOut ? 1 : 0) : least.Floor + 1) : -MostInteger;
        var high = bounds.High is { } most ? Smallest(MostInteger, most.IsWhole ? most.Unscaled - (bounds.HighIsOut ? 1 : 0) : most.Floor) : MostInteger;
        string? negative = low.Sign < 0 ? Whole(Largest(1, -high), -low) : null;
        string? positive = high.Sign >= 0 ? Whole(Largest(0, low), high) : null;
        return Either(Prefixed("-", negative), positive);
    }

    /// <summary>Numbers with up to <see cref="SharedRules.MostDigits"/> digits on either side of the point; null: there is none.</summary>
    public static string? Numbers(NumberBounds bounds)
    {
        // Without a bound, the one that the number of digits sets.
        var (low, lowIsOut) = bounds.Low is { } least && least > OverNumber.Negated ? (least, bounds.LowIsOut) : (OverNumber.Negated, true);
        var (high, highIsOut) = bounds.High is { } most && most < OverNumber ? (most, bounds.HighIsOut) : (OverNumber, true);
        string? negative = low.Unscaled.Sign >= 0 ? null
            : high.Unscaled.Sign < 0 ? Between(high.Negated, highIsOut, low.Negated, lowIsOut)
            : Between(DecimalValue.Zero, true, low.Negated, lowIsOut);
        string? positive = high.Unscaled.Sign < 0 ? null
            : low.Unscaled.Sign > 0 ? Between(low, lowIsOut, high, highIsOut)
            : Between(DecimalValue.Zero, lowIsOut && low.Unscaled.IsZero, high, highIsOut);
        return Either(Prefixed("-", negative), positive);
    }

    // 0 <= low; both with their whole parts and fractions apart.
    private static string? Between(DecimalValue low, bool lowIsOut, DecimalValue high, bool highIsOut)
    {
        if (low > high) return null;
        var (first, last) = (low.Floor, high.Floor);
        if (first == last) return Prefixed($"{first}", Fraction(low.Fraction, lowIsOut, high.Fraction, highIsOut));
        return Either(
            Prefixed($"{first}", Fraction(low.Fraction, lowIsOut, null, false)),
            first + 1 <= last - 1 ? $"(?:{Whole(first + 1, last - 1)})(?:\\.\\d{{1,{SharedRules.MostDigits}}})?" : null,
            Prefixed($"{last}", Fraction(null, false, high.Fraction, highIsOut)));
    }

    // The point and digits of a fraction between two others; null stands for no bound on that side.
    private static string? Fraction(string? low, bool lowIsOut, string? high, bool highIsOut)
    {
        string? digits = Digits(0, low, low is not null, high, high is not null, MayStop);
        return (digits, MayStop(0, low is not null, high is not null)) switch
        {
            (null, false) => null,
            (null, true) => "",
            (_, true) => $"(?:\\.(?:{digits}))?",
            _ => $"\\.(?:{digits})",
        };

        bool MayStop(int read, bool onLow, bool onHigh)
        {
            if (onLow && (HasMore(low!, read) || lowIsOut)) return false;
            return !onHigh || HasMore(high!, read) || !highIsOut;
        }
    }

    // At least one more digit, at position i, while what was read equals the beginning of the bounds that it is "on".
    private static string? Digits(int i, string? low, bool onLow, string? high, bool onHigh, Func<int, bool, bool, bool> mayStop)
    {
        if (i == SharedRules.MostDigits) return null;
        if (!onLow && !onHigh) return $"\\d{{1,{SharedRules.MostDigits - i}}}";
        int first = onLow ? DigitAt(low!, i) : 0, last = onHigh ? DigitAt(high!, i) : 9;
        if (first > last) return null;
        var options = new List<string?>();
        for (int digit = first; digit <= last; digit++)
        {
            bool staysLow = onLow && digit == first, staysHigh = onHigh && digit == last;
            if (!staysLow && !staysHigh)
            {
                int end = onHigh ? last - 1 : last;
                options.Add($"[{digit}-{end}]\\d{{0,{SharedRules.MostDigits - i - 1}}}");
                digit = end;
                continue;
            }
            string? rest = Digits(i + 1, low, staysLow, high, staysHigh, mayStop);
            bool stops = mayStop(i + 1, staysLow, staysHigh);
            if (rest is not null) options.Add($"{digit}(?:{rest}){(stops ? "?" : "")}");
            else if (stops) options.Add($"{digit}");
        }
        return Either([.. options]);
    }

    private static bool HasMore(string digits, int read) => digits.Length > read && digits.AsSpan(read).ContainsAnyExcept('0');

    private static int DigitAt(string digits, int i) => i < digits.Length ? digits[i] - '0' : 0;

    // Whole numbers from low to high, 0 <= low: one expression a length, one for all lengths in between.
    private static string? Whole(BigInteger low, BigInteger high)
    {
        if (low > high) return null;
        string first = $"{low}", last = $"{high}";
        if (first.Length == last.Length) return SameLength(first, last);
        string? between = first.Length + 1 <= last.Length - 1 ? $"[1-9]\\d{{{first.Length},{last.Length - 2}}}" : null;
        return Either(SameLength(first, new string('9', first.Length)), between, SameLength("1" + new string('0', last.Length - 1), last));
    }

    private static string SameLength(string low, string high)
    {
        if (low == high) return low;
        int rest = low.Length - 1;
        if (low[0] == high[0]) return $"{low[0]}{Group(SameLength(low[1..], high[1..]))}";
        if (low.AsSpan(1).IndexOfAnyExcept('0') < 0 && high.AsSpan(1).IndexOfAnyExcept('9') < 0) return $"[{low[0]}-{high[0]}]\\d{{{rest}}}";
        return Either(
            $"{low[0]}{Group(SameLength(low[1..], new string('9', rest)))}",
            low[0] + 1 < high[0] ? $"[{(char)(low[0] + 1)}-{(char)(high[0] - 1)}]\\d{{{rest}}}" : null,
            $"{high[0]}{Group(SameLength(new string('0', rest), high[1..]))}")!;
    }

    private static string Group(string expression) => $"(?:{expression})";

    private static string? Prefixed(string prefix, string? rest) => rest is null ? null : rest == "" ? prefix : $"{prefix}(?:{rest})";

    private static string? Either(params string?[] options)
    {
        var present = options.Where(option => option is not null).ToArray();
        return present.Length == 0 ? null : string.Join('|', present);
    }

    private static BigInteger Largest(BigInteger a, BigInteger b) => BigInteger.Max(a, b);

    private static BigInteger Smallest(BigInteger a, BigInteger b) => BigInteger.Min(a, b);
}
