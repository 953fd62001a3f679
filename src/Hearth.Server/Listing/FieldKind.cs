using System.Globalization;

namespace Hearth.Server;

/// <summary>How values of a field compare. 64-bit integers are numbers, although they are strings on the wire; a name of digits is not.</summary>
internal enum FieldKind
{
    /// <summary>A map's value, a data row's field: numbers and times where both look like them.</summary>
    Unknown,
    Text,
    Number,
    Time,
    Flag,
}

/// <summary>Comparisons by kind.</summary>
internal static class FieldKinds
{
    public static FieldKind Of(Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        if (plain == typeof(string) || plain.IsEnum) return FieldKind.Text;
        if (plain == typeof(bool)) return FieldKind.Flag;
        if (plain == typeof(DateTimeOffset)) return FieldKind.Time;
        return plain == typeof(int) || plain == typeof(long) || plain == typeof(double) || plain == typeof(float) ? FieldKind.Number : FieldKind.Unknown;
    }

    /// <summary>Null where the two cannot be compared.</summary>
    public static int? Compare(FieldKind kind, string a, string b) => kind switch
    {
        FieldKind.Text or FieldKind.Flag => string.CompareOrdinal(a, b),
        FieldKind.Number => Numbers(a, b),
        FieldKind.Time => Times(a, b),
        _ => Numbers(a, b) ?? Times(a, b),
    };

    // Exact for 64-bit integers, which doubles are not.
    private static int? Numbers(string a, string b)
    {
        if (decimal.TryParse(a, NumberStyles.Float, CultureInfo.InvariantCulture, out var x) && decimal.TryParse(b, NumberStyles.Float, CultureInfo.InvariantCulture, out var y)) return x.CompareTo(y);
        return double.TryParse(a, CultureInfo.InvariantCulture, out var p) && double.TryParse(b, CultureInfo.InvariantCulture, out var q) ? p.CompareTo(q) : null;
    }

    private static int? Times(string a, string b) => IsTime(a, out var x) && IsTime(b, out var y) ? x.CompareTo(y) : null;

    private static bool IsTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time) && text.Contains('-');
}
