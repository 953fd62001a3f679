using System.Text;
using System.Text.Json;

namespace Hearth.Tokenization.Tests;

public sealed class LongPieceTests
{
    // "b a" and "▁ ▁" may join, so "aab▁▁ab" must not be cut there; "é" is bytes, "ü" unknown.
    private static readonly string[] Merges = ["a b", "▁ a", "▁ ▁", "ab ab", "b ▁", "a a", "▁▁ ab", "<0xC3> <0xA9>", "<0xA9> a"];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_long_piece_has_the_tokens_that_merging_it_as_one_gives(bool fallsBackToBytes)
    {
        // With a suffix that no text ends with, the model looks at pieces as a whole and does not cut.
        var cutting = Tokenizer.Parse(File("", fallsBackToBytes));
        var whole = Tokenizer.Parse(File("!", fallsBackToBytes));
        for (uint seed = 1; seed <= 200; seed++)
        {
            var text = Text(seed, length: 65 + (int)(seed % 300));
            Assert.Equal(whole.Encode(text + "!"), cutting.Encode(text + "!"));
        }
    }

    [Fact]
    public void A_text_without_words_has_the_tokens_of_its_parts()
    {
        var text = string.Concat(Enumerable.Repeat("▁abac", 1 << 10));
        Assert.Equal(Enumerable.Repeat(Tokenizer.Parse(File("", true)).Encode("▁abac"), 1 << 10).SelectMany(ids => ids), Tokenizer.Parse(File("", true)).Encode(text));
    }

    private static readonly string[] Characters = ["a", "a", "a", "b", "b", "b", "▁", "▁", "c", "é", "ü", "😀"];

    private static string Text(uint seed, int length)
    {
        var text = new StringBuilder();
        for (var i = 0; i < length; i++)
        {
            seed = (seed * 1664525) + 1013904223;
            text.Append(Characters[(int)((seed >> 16) % Characters.Length)]);
        }
        return text.ToString();
    }

    private static byte[] File(string suffix, bool fallsBackToBytes)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal) { ["<unk>"] = 0 };
        foreach (var token in (string[])["a", "b", "c", "▁", "!" + suffix, "ab", "▁a", "▁▁", "abab", "b▁", "aa", "▁▁ab"]) vocabulary[token] = vocabulary.Count;
        for (var value = 0; value < 256; value++) vocabulary[$"<0x{value:X2}>"] = vocabulary.Count;
        foreach (var token in (string[])["<0xC3><0xA9>", "<0xA9>a"]) vocabulary[token] = vocabulary.Count;
        return JsonSerializer.SerializeToUtf8Bytes(new
        {
            version = "1.0",
            model = new
            {
                type = "BPE",
                unk_token = "<unk>",
                end_of_word_suffix = suffix,
                fuse_unk = true,
                byte_fallback = fallsBackToBytes,
                ignore_merges = false,
                vocab = vocabulary,
                merges = Merges,
            },
        });
    }
}
