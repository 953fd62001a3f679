using System.Globalization;

namespace Hearth.Tokenization;

/// <summary>
/// Decomposition mappings and combining classes of the Unicode Character Database (Unicode 14, the embedded
/// UnicodeDecomposition.txt), with Hangul computed as in section 3.12 of the standard.
/// </summary>
internal static class UnicodeDecomposition
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TrailCount = 28;

    private sealed record Tables(
        Dictionary<int, int[]> Canonical, Dictionary<int, int[]> Compatible,
        Dictionary<(int First, int Second), int> Compositions, Dictionary<int, int> Classes);

    private static readonly Lazy<Tables> Data = new(Load);

    public static int CombiningClass(int codePoint) => codePoint < 0x300 ? 0 : Data.Value.Classes.GetValueOrDefault(codePoint);

    /// <summary>Appends the full decomposition: the code point itself when there is none.</summary>
    public static void Expand(int codePoint, bool compatible, List<int> output)
    {
        if (codePoint is >= HangulBase and < HangulBase + LeadCount * VowelCount * TrailCount)
        {
            ExpandHangul(codePoint - HangulBase, output);
            return;
        }

        int[]? mapping = null;
        if (codePoint >= 0xA0 && !Data.Value.Canonical.TryGetValue(codePoint, out mapping) && compatible)
            Data.Value.Compatible.TryGetValue(codePoint, out mapping);
        if (mapping is null)
        {
            output.Add(codePoint);
            return;
        }

        foreach (var part in mapping) Expand(part, compatible, output);
    }

    public static bool TryCompose(int first, int second, out int composed)
    {
        if (first is >= LeadBase and < LeadBase + LeadCount && second is >= VowelBase and < VowelBase + VowelCount)
        {
            composed = HangulBase + ((first - LeadBase) * VowelCount + (second - VowelBase)) * TrailCount;
            return true;
        }

        var isOpenSyllable = first is >= HangulBase and < HangulBase + LeadCount * VowelCount * TrailCount
            && (first - HangulBase) % TrailCount == 0;
        if (isOpenSyllable && second is > TrailBase and < TrailBase + TrailCount)
        {
            composed = first + second - TrailBase;
            return true;
        }

        return Data.Value.Compositions.TryGetValue((first, second), out composed);
    }

    private static void ExpandHangul(int syllable, List<int> output)
    {
        output.Add(LeadBase + syllable / (VowelCount * TrailCount));
        output.Add(VowelBase + syllable % (VowelCount * TrailCount) / TrailCount);
        if (syllable % TrailCount > 0) output.Add(TrailBase + syllable % TrailCount);
    }

    private static Tables Load()
    {
        var tables = new Tables([], [], [], []);
        using var stream = typeof(UnicodeDecomposition).Assembly.GetManifestResourceStream("UnicodeDecomposition.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            var mark = line.AsSpan().IndexOfAny("=~!:");
            if (line[0] != '#' && line[mark] == ':') AddClasses(tables, line, mark);
            else if (line[0] != '#') AddMapping(tables, line, mark);
        }

        return tables;
    }

    private static void AddMapping(Tables tables, string line, int mark)
    {
        var codePoint = Hex(line[..mark]);
        var mapping = Array.ConvertAll(line[(mark + 1)..].Split(' '), Hex);
        (line[mark] == '~' ? tables.Compatible : tables.Canonical).Add(codePoint, mapping);
        if (line[mark] == '=' && mapping.Length == 2) tables.Compositions.Add((mapping[0], mapping[1]), codePoint);
    }

    private static void AddClasses(Tables tables, string line, int mark)
    {
        var bounds = line[..mark].Split('-');
        var combiningClass = int.Parse(line.AsSpan(mark + 1), CultureInfo.InvariantCulture);
        for (var codePoint = Hex(bounds[0]); codePoint <= Hex(bounds[1]); codePoint++) tables.Classes.Add(codePoint, combiningClass);
    }

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
