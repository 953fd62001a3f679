namespace Hearth.Grammars;

/// <summary>The formats of JSON Schema whose strings are regular and are therefore enforced. All others are annotations, as the standard has it by default.</summary>
internal static class StringFormats
{
    private const string Day = "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))";
    private const string LeapYear = "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
    private const string Date = $"(?:\\d{{4}}-{Day}|{LeapYear}-02-29)";
    private const string Time = "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)";
    private const string Byte = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
    private const string IPv4 = $"{Byte}(?:\\.{Byte}){{3}}";
    private const string Label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    private const string Atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
    private const string H = "[0-9A-Fa-f]{1,4}";

    // Periods of RFC 3339, appendix A: weeks alone, or years to seconds without a gap.
    private const string Clock = "T(?:\\d{1,9}H(?:\\d{1,9}M(?:\\d{1,9}S)?)?|\\d{1,9}M(?:\\d{1,9}S)?|\\d{1,9}S)";
    private const string Calendar = "(?:\\d{1,9}Y(?:\\d{1,9}M(?:\\d{1,9}D)?)?|\\d{1,9}M(?:\\d{1,9}D)?|\\d{1,9}D)";

    private static readonly Dictionary<string, string> Patterns = new(StringComparer.Ordinal)
    {
        ["date"] = Date,
        ["time"] = Time,
        ["date-time"] = $"{Date}T{Time}",
        ["duration"] = $"P(?:\\d{{1,9}}W|{Calendar}(?:{Clock})?|{Clock})",
        ["email"] = $"{Atom}(?:\\.{Atom})*@{Label}(?:\\.{Label})+",
        ["hostname"] = $"{Label}(?:\\.{Label}){{0,3}}",
        ["ipv4"] = IPv4,
        ["ipv6"] = IPv6(),
        ["uuid"] = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}",
    };

    /// <summary>An anchored expression; null: the format is an annotation.</summary>
    public static string? PatternOf(string format) => Patterns.TryGetValue(format, out string? pattern) ? $"^(?:{pattern})$" : null;

    // All groups, or "::" in the place of at least one (RFC 4291, 2.2); without an IPv4 address at the end.
    private static string IPv6()
    {
        var forms = new List<string> { $"(?:{H}:){{7}}{H}" };
        for (int before = 0; before <= 7; before++)
        {
            int after = 7 - before;
            string head = before == 0 ? "" : before == 1 ? H : $"{H}(?::{H}){{{before - 1}}}";
            string tail = after == 0 ? "" : after == 1 ? $"(?:{H})?" : $"(?:{H}(?::{H}){{0,{after - 1}}})?";
            forms.Add($"{head}::{tail}");
        }
        return string.Join('|', forms);
    }
}
