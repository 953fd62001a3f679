using System.Runtime.InteropServices;
using System.Text;

namespace Hearth.Tokenization;

/// <summary>
/// NFC, NFD, NFKC and NFKD (Unicode Standard Annex 15), with origins. The product runs without ICU, where
/// <see cref="string.Normalize()"/> leaves everything beyond ASCII alone.
/// </summary>
internal sealed class UnicodeNormalizer(UnicodeForm form) : INormalizer
{
    private readonly bool _compatible = form is UnicodeForm.Nfkc or UnicodeForm.Nfkd;
    private readonly bool _composes = form is UnicodeForm.Nfc or UnicodeForm.Nfkc;

    private record struct Item(int CodePoint, int Class, int Change);

    public TextBuffer Normalize(TextBuffer text)
    {
        // Nothing below U+00C0 changes under the canonical forms; U+00A0 does under the compatible ones.
        if (text.Chars.IndexOfAnyExceptInRange('\0', _compatible ? '\u009F' : '\u00BF') < 0) return text;

        var items = Decompose(text);
        Reorder(items);
        if (_composes) items = Compose(items);
        return CharacterChanges.Apply(text, items.Select(item => (new Rune(item.CodePoint), item.Change)));
    }

    private List<Item> Decompose(TextBuffer text)
    {
        var items = new List<Item>(text.Length);
        var expansion = new List<int>();
        for (var i = 0; i < text.Length;)
        {
            var rune = text.RuneAt(i, out var used);
            i += used;
            expansion.Clear();
            UnicodeDecomposition.Expand(rune.Value, _compatible, expansion);
            for (var k = 0; k < expansion.Count; k++)
                items.Add(new Item(expansion[k], UnicodeDecomposition.CombiningClass(expansion[k]), k == 0 ? 0 : 1));
        }

        return items;
    }

    /// <summary>Sorts each run of combining marks by class, keeping equal ones in place.</summary>
    private static void Reorder(List<Item> items)
    {
        var span = CollectionsMarshal.AsSpan(items);
        for (var i = 1; i < span.Length; i++)
        {
            var item = span[i];
            var k = i;
            for (; item.Class != 0 && k > 0 && span[k - 1].Class > item.Class; k--) span[k] = span[k - 1];
            span[k] = item;
        }
    }

    private static List<Item> Compose(List<Item> items)
    {
        var result = new List<Item>(items.Count);
        var starter = -1;
        foreach (var item in items)
        {
            var lastClass = starter < 0 || starter == result.Count - 1 ? -1 : result[^1].Class;
            var isBlocked = starter < 0 || lastClass >= item.Class;
            if (!isBlocked && UnicodeDecomposition.TryCompose(result[starter].CodePoint, item.CodePoint, out var composed))
            {
                var change = result[starter].Change + item.Change - 1;
                result[starter] = new Item(composed, 0, change);
                continue;
            }

            if (item.Class == 0) starter = result.Count;
            result.Add(item);
        }

        return result;
    }
}
