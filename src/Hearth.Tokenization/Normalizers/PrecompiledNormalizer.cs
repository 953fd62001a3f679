using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Hearth.Tokenization;

/// <summary>
/// SentencePiece's character map: a double-array trie of UTF-8 texts, and what each becomes. Looked up for a grapheme of
/// up to five bytes, else for each of its code points.
/// </summary>
internal sealed class PrecompiledNormalizer : INormalizer
{
    private const int LongestGrapheme = 5;
    private readonly uint[] _trie;
    private readonly byte[] _texts;

    /// <exception cref="InvalidDataException">The map is cut off.</exception>
    public PrecompiledNormalizer(byte[] map)
    {
        var size = map.Length < 4 ? 0 : (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(map));
        if (size < 4 || size > map.Length - 4) throw new InvalidDataException("Tokenizer: 'precompiled_charsmap' is cut off.");
        _trie = new uint[size / 4];
        for (var i = 0; i < _trie.Length; i++) _trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(map.AsSpan(4 + 4 * i));
        _texts = map[(4 + size)..];
    }

    public TextBuffer Normalize(TextBuffer text)
    {
        var changes = new List<(Rune Rune, int Change)>(text.Length);
        var all = text.Chars.ToString();
        for (var i = 0; i < all.Length;)
        {
            var grapheme = all.Substring(i, StringInfo.GetNextTextElementLength(all, i));
            i += grapheme.Length;
            if (Encoding.UTF8.GetByteCount(grapheme) <= LongestGrapheme && Find(grapheme) is { } whole)
            {
                Replace(changes, grapheme, whole);
                continue;
            }

            foreach (var rune in grapheme.EnumerateRunes())
            {
                if (Find(rune.ToString()) is { } single) Replace(changes, rune.ToString(), single);
                else changes.Add((rune, 0));
            }
        }

        return text.Length == 0 ? text : CharacterChanges.Apply(text, changes);
    }

    /// <summary>What the shortest prefix in the trie becomes; null when no prefix is in it.</summary>
    private string? Find(string part)
    {
        var node = Offset(_trie[0]);
        foreach (var value in Encoding.UTF8.GetBytes(part))
        {
            node ^= value;
            if (value == 0 || node >= _trie.Length || (_trie[node] & 0x8000_00FF) != value) return null;
            var unit = _trie[node];
            node ^= Offset(unit);
            if ((unit >> 8 & 1) == 1) return node < _trie.Length ? TextAt(_trie[node] & 0x7FFF_FFFF) : null;
        }

        return null;
    }

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 0x200) >> 6);

    private string? TextAt(uint start)
    {
        if (start > _texts.Length) return null;
        var text = _texts.AsSpan((int)start);
        var end = text.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? text : text[..end]);
    }

    private static void Replace(List<(Rune Rune, int Change)> changes, string old, string replacement)
    {
        var before = changes.Count;
        foreach (var rune in replacement.EnumerateRunes()) changes.Add((rune, 0));
        var added = changes.Count - before - PythonValue.RuneCount(old);
        for (var i = 0; i < added; i++) changes[changes.Count - 1 - i] = (changes[changes.Count - 1 - i].Rune, 1);
        if (added < 0 && changes.Count > 0) changes[^1] = (changes[^1].Rune, changes[^1].Change + added);
    }
}
