using System.Text;
using System.Text.Json;
using Hearth.Models;
using Hearth.TestKit;

namespace Hearth.Tokenization.Tests;

/// <summary>Tokenizers of GGUF files against llama.cpp, and against the model family's own tokenizer where the two differ.</summary>
[Trait("Category", "Fixtures")]
public sealed class GgufTokenizerFixtureTests
{
    // llama.cpp's hand-written kimi-k2 splitter leaves \p{M} out of words; Moonshot's expression, which the model was
    // trained with, has it. (The same difference in gpt-4o and tekken is in the fixtures.)
    private const string LosesMarks = "bpe-kimi-k2";

    public static TheoryData<string> Names() =>
        [.. Directory.GetFiles(Fixture.Folder("gguf/tokenizers"), "*.gguf").Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Names))]
    public void A_tokenizer_in_a_gguf_file_agrees_with_the_reference(string name)
    {
        var folder = Fixture.Folder("gguf/tokenizers");
        using var file = GgufFile.Open(Path.Combine(folder, name + ".gguf"));
        var tokenizer = GgufTokenizer.FromMetadata(file.Metadata)!.Build();
        var failures = new List<string>();
        foreach (var test in Fixture.ReadJson(folder, name + ".json").GetProperty("cases").EnumerateArray())
        {
            var text = test.GetProperty("text").GetString()!;
            // Models were trained with the family's own reading, so it wins where llama.cpp's differs from it.
            if (name == LosesMarks && text.EnumerateRunes().Any(RuneClasses.IsMark)) continue;
            var hasOwn = test.TryGetProperty("huggingface_ids", out var own);
            var ids = Ints(hasOwn ? own : test.GetProperty("ids"));
            Expect("ids", text, ids, tokenizer.Encode(text), failures);
            if (hasOwn) continue;
            Expect("ids_add_special", text, Ints(test.GetProperty("ids_add_special")), tokenizer.Encode(text, addSpecialTokens: true), failures);
            Expect("ids_specials_as_text", text, Ints(test.GetProperty("ids_specials_as_text")), tokenizer.Encode(text, parseSpecial: false), failures);
            CheckDecoded(tokenizer, test, ids, failures);
        }

        Assert.True(failures.Count == 0, $"{failures.Count} failures:\n{string.Join('\n', failures.Take(12))}");
    }

    [Fact]
    public void A_gguf_file_tokenizes_like_the_tokenizer_json_beside_it()
    {
        if (FixtureFolder.TryFindModel("SmolLM2-135M-Instruct") is not { } folder) return; // models are never in the repository
        using var file = GgufFile.Open(Directory.GetFiles(folder, "*.gguf")[0]);
        var inside = GgufTokenizer.FromMetadata(file.Metadata)!.Build();
        var beside = Tokenizer.Load(Path.Combine(folder, "tokenizer.json"));
        const string Text = "<|im_start|>user\nIt's 2024: Grüße, 猫 🙂  and\n\n  more<|im_end|>\n";
        Assert.Equal(beside.Encode(Text), inside.Encode(Text));
        Assert.Equal(Text, inside.Decode(inside.Encode(Text)));
    }

    private static void CheckDecoded(Tokenizer tokenizer, JsonElement test, int[] ids, List<string> failures)
    {
        var bytes = Convert.FromHexString(test.GetProperty("decoded_hex").GetString()!);
        var want = Encoding.UTF8.GetString(bytes);
        var got = tokenizer.Decode(ids);
        // The reference only joins the pieces; a text gets rid of the blank that encoding put in front of it.
        if (got != want && " " + got != want) failures.Add($"decoded: want {JsonSerializer.Serialize(want)} got {JsonSerializer.Serialize(got)}");
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetInt32())];

    private static void Expect(string what, string text, int[] want, int[] got, List<string> failures)
    {
        if (!want.SequenceEqual(got))
            failures.Add($"{what} of {JsonSerializer.Serialize(text)}:\n  want {string.Join(' ', want)}\n  got  {string.Join(' ', got)}");
    }
}
