using System.Text;

namespace Hearth.Grammars;

/// <summary>The byte sequences of ranges of code points, as few products of byte ranges.</summary>
internal static class Utf8Ranges
{
    private static readonly int[] LastOfLength = [0x7F, 0x7FF, 0xFFFF, 0x10FFFF];

    /// <summary>Each item: one range of bytes a position; their product is part of the set, all of them together are the set.</summary>
    public static IEnumerable<(byte First, byte Last)[]> Of(CodePointSet set)
    {
        foreach (var (first, last) in set.Ranges.ToArray())
            foreach (var part in Split(first, last)) yield return part;
    }

    private static IEnumerable<(byte First, byte Last)[]> Split(int first, int last)
    {
        foreach (int end in LastOfLength)
        {
            if (first > end || first > last) continue;
            int upTo = Math.Min(last, end);
            foreach (var part in SplitAligned(first, upTo)) yield return part;
            first = upTo + 1;
        }
    }

    // Both have the same number of bytes. Cut until every byte but the first different one spans all continuations.
    private static IEnumerable<(byte First, byte Last)[]> SplitAligned(int first, int last)
    {
        for (int bits = 6; bits <= 18 && last > 0x7F; bits += 6)
        {
            int mask = (1 << bits) - 1;
            if ((first & ~mask) == (last & ~mask)) break;
            if ((first & mask) != 0) return [.. SplitAligned(first, first | mask), .. SplitAligned((first | mask) + 1, last)];
            if ((last & mask) != mask) return [.. SplitAligned(first, (last & ~mask) - 1), .. SplitAligned(last & ~mask, last)];
        }
        Span<byte> a = stackalloc byte[4], b = stackalloc byte[4];
        int length = new Rune(first).EncodeToUtf8(a);
        new Rune(last).EncodeToUtf8(b);
        var product = new (byte, byte)[length];
        for (int i = 0; i < length; i++) product[i] = (a[i], b[i]);
        return [product];
    }
}
