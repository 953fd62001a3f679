using System.IO.Compression;
using System.Text;
using Hearth.TestKit;
using Hearth.Tokenization;

namespace Hearth.Inference.Tests;

/// <summary>Streams of tokens of the published tokenizers as text: characters in one piece, and together the text of all the tokens.</summary>
[Trait("Category", "Fixtures")]
public sealed class StreamedTextTests
{
    private const string Sample = "Naïve café – 東京タワー 🏳️‍🌈👩‍👩‍👧 Привет, мир! \u0000\t\r\n  ½ ﬁ 𝔘𝔫𝔦 é e\u0301 ᾳ �";

    public static TheoryData<string> Names => new(Directory.GetDirectories(Path.Combine(FixtureFolder.Find("tokenizers"), "real")).Select(folder => Path.GetFileName(folder)!).Order());

    [Theory, MemberData(nameof(Names))]
    public void Text_comes_back_whole_however_its_bytes_are_cut_into_tokens(string name)
    {
        var tokenizer = Load(name);
        var random = new Rng(11);
        for (int round = 0; round < 40; round++)
        {
            string text = RandomText(random);
            int[] ids = [.. Cut(tokenizer, text, random)];
            Assert.Equal(tokenizer.Decode(ids), Stream(tokenizer, ids));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void A_part_of_a_character_has_its_own_bytes(string name)
    {
        var tokenizer = Load(name);
        foreach (string text in (string[])["a", " é", "東", "🏳️", "\u0000"])
            foreach (var rune in text.EnumerateRunes())
            {
                byte[] bytes = Encoding.UTF8.GetBytes(rune.ToString());
                Assert.Equal(bytes, tokenizer.Encode(rune.ToString()).SelectMany(tokenizer.TokenBytes));
                int[] single = [.. bytes.Select(value => ByteToken(tokenizer, value))];
                if (!single.Contains(-1)) Assert.Equal(bytes, single.SelectMany(tokenizer.TokenBytes));
            }
    }

    [Theory, MemberData(nameof(Names))]
    public void Any_tokens_give_whole_characters_and_the_text_of_all_of_them(string name)
    {
        var tokenizer = Load(name);
        var random = new Rng(12);
        int[] pieces = [.. Enumerable.Range(0, tokenizer.IdLimit).Where(id => tokenizer.Decode([id]).Contains('\uFFFD'))];
        for (int round = 0; round < 60; round++)
        {
            // Mostly parts of characters.
            int[] ids = [.. Enumerable.Range(0, 80).Select(_ => random.Below(3) > 0 ? pieces[random.Below(pieces.Length)] : random.Below(tokenizer.IdLimit))];
            Assert.Equal(TextOf(tokenizer, ids), Stream(tokenizer, ids));
        }
    }

    // The text of all tokens. Where a run of byte tokens is broken, the reference calls all of it broken; a stream has sent the characters before the fault.
    private static string TextOf(Tokenizer tokenizer, int[] ids)
    {
        if (tokenizer.TokenId("<0x80>") is null) return tokenizer.Decode(ids);
        var text = new StringBuilder();
        for (int start = 0, end; start < ids.Length; start = end)
        {
            bool isRun = IsByte(ids[start]);
            for (end = start + 1; end < ids.Length && IsByte(ids[end]) == isRun; end++) { }
            int whole = end - start;
            while (isRun && whole > 0 && tokenizer.Decode(ids.AsSpan(start, whole)).Contains('\uFFFD')) whole--;
            text.Append(tokenizer.Decode(ids.AsSpan(start, whole))).Append('\uFFFD', end - start - whole);
        }
        return text.ToString();

        bool IsByte(int id) => tokenizer.TokenText(id) is ['<', '0', 'x', _, _, '>'];
    }

    // Each piece is whole characters, and a later piece never takes one back.
    private static string Stream(Tokenizer tokenizer, int[] ids)
    {
        var decoder = tokenizer.CreateDecodeStream();
        var stream = new TextStream(decoder);
        var text = new StringBuilder();
        foreach (int id in ids) Take(stream.Push(id));
        Take(stream.Finish());
        return text.ToString();

        void Take(string piece)
        {
            Assert.False(piece.Length > 0 && (char.IsLowSurrogate(piece[0]) || char.IsHighSurrogate(piece[^1])), "half a character");
            text.Append(piece);
        }
    }

    private static string RandomText(Rng random)
    {
        int start = random.Below(Sample.Length - 1), length = random.Between(1, Sample.Length - start);
        if (char.IsLowSurrogate(Sample[start])) start++;
        string text = Sample.Substring(start, Math.Min(length, Sample.Length - start));
        return char.IsHighSurrogate(text[^1]) ? text[..^1] : text;
    }

    // The tokenizer's own tokens, or, here and there, a token for each byte.
    private static IEnumerable<int> Cut(Tokenizer tokenizer, string text, Rng random)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            var bytes = Encoding.UTF8.GetBytes(rune.ToString());
            int[] single = [.. bytes.Select(value => ByteToken(tokenizer, value)).Where(id => id >= 0)];
            foreach (int id in random.Below(2) == 0 && single.Length == bytes.Length ? single : tokenizer.Encode(rune.ToString())) yield return id;
        }
    }

    private static int ByteToken(Tokenizer tokenizer, byte value) =>
        tokenizer.TokenId($"<0x{value:X2}>") ?? tokenizer.TokenId(ByteAlphabetOf(value).ToString()) ?? -1;

    // GPT-2's: printable bytes stand for themselves, the others for characters from 256 on, in order.
    private static char ByteAlphabetOf(byte value)
    {
        static bool IsPrintable(int b) => b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
        return IsPrintable(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(b => !IsPrintable(b)));
    }

    private static Tokenizer Load(string name)
    {
        string path = Path.Combine(FixtureFolder.Find("tokenizers"), "real", name, "tokenizer.json");
        if (File.Exists(path)) return Tokenizer.Load(path);
        using var file = File.OpenRead(path + ".gz");
        using var unzip = new GZipStream(file, CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        unzip.CopyTo(bytes);
        return Tokenizer.Parse(bytes.ToArray());
    }
}
