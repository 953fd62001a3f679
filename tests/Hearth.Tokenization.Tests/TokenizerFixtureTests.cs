using System.Text.Json;

namespace Hearth.Tokenization.Tests;

/// <summary>Whole tokenizers against Hugging Face tokenizers: ids, tokens, offsets, decoded texts and streams, exactly.</summary>
[Trait("Category", "Fixtures")]
public sealed class TokenizerFixtureTests
{
    public static TheoryData<string> Folders()
    {
        var data = new TheoryData<string>();
        foreach (var family in new[] { "real", "made" })
        {
            var folder = Path.Combine(Fixture.Folder("tokenizers"), family);
            if (!Directory.Exists(folder)) continue;
            foreach (var path in Directory.GetDirectories(folder).Order(StringComparer.Ordinal)) data.Add($"{family}/{Path.GetFileName(path)}");
        }

        return data;
    }

    [Theory, MemberData(nameof(Folders))]
    public void A_tokenizer_agrees_with_the_reference(string name)
    {
        var folder = Path.Combine(Fixture.Folder("tokenizers"), name);
        var json = Fixture.Read(folder, "tokenizer.json");
        using var parsed = JsonDocument.Parse(json);
        var tokenizer = Tokenizer.Parse(json);
        var isPadded = parsed.RootElement.GetProperty("padding").ValueKind != JsonValueKind.Null;
        var fixture = Fixture.ReadJson(folder, "cases.json");
        Assert.Equal(fixture.GetProperty("vocab_size").GetInt32(), tokenizer.VocabularySize);

        var failures = new List<string>();
        foreach (var test in fixture.GetProperty("cases").EnumerateArray())
        {
            // Truncation and padding are the caller's: those files show here only that they load and decode.
            if (!isPadded) CheckEncoding(tokenizer, test, failures);
            CheckDecoding(tokenizer, test, failures);
        }

        foreach (var test in fixture.GetProperty("decode").EnumerateArray()) CheckDecoding(tokenizer, test, failures);
        Assert.True(failures.Count == 0, $"{failures.Count} failures:\n{string.Join('\n', failures.Take(12))}");
    }

    private static void CheckEncoding(Tokenizer tokenizer, JsonElement test, List<string> failures)
    {
        var text = test.GetProperty("text").GetString()!;
        if (test.TryGetProperty("error", out _))
        {
            Assert.Throws<InvalidDataException>(() => tokenizer.Encode(text));
            return;
        }

        var tokens = tokenizer.EncodeTokens(text, test.GetProperty("add_special_tokens").GetBoolean());
        Expect("ids", text, Ints(test.GetProperty("ids")), tokens.Select(token => token.Id), failures);
        // Unigram in the reference names an unknown token by the text it stands for.
        var names = test.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!).ToArray();
        Expect("tokens", text, names, tokens.Select((token, i) =>
            token.MatchedText ?? (i < names.Length && tokenizer.TokenId(names[i]) is null ? names[i] : tokenizer.TokenText(token.Id)!)), failures);
        Expect("offsets", text, test.GetProperty("offsets").EnumerateArray().Select(range => $"{range[0]}-{range[1]}"),
            tokens.Select(token => $"{token.Range.Start}-{token.Range.End}"), failures);
        if (test.TryGetProperty("type_ids", out var typeIds))
            Expect("type ids", text, Ints(typeIds), tokens.Select(token => token.TypeId), failures);
        if (test.TryGetProperty("special_tokens_mask", out var mask))
            Expect("mask", text, Ints(mask), tokens.Select(token => token.IsAdded ? 1 : 0), failures);
    }

    private static void CheckDecoding(Tokenizer tokenizer, JsonElement test, List<string> failures)
    {
        if (!test.TryGetProperty("ids", out var array)) return;
        var ids = Ints(array).ToArray();
        var decoded = test.GetProperty("decoded").GetString()!;
        var what = string.Join(' ', ids.Take(40));
        Expect("decoded", what, [decoded], [tokenizer.Decode(ids)], failures);
        Expect("decoded_skip", what, [test.GetProperty("decoded_skip").GetString()], [tokenizer.Decode(ids, skipSpecial: true)], failures);
        if (!test.TryGetProperty("stream", out var stream) || stream.ValueKind == JsonValueKind.Null) return;

        // Where the reference's parts do not add up it is holding back broken text, which nobody should copy.
        var parts = stream.EnumerateArray().Select(part => part.GetString()).ToArray();
        if (string.Concat(parts) != decoded) return;
        var decoder = tokenizer.CreateDecodeStream();
        Expect("stream", what, parts, ids.Select(decoder.Add), failures);
    }

    private static IEnumerable<int> Ints(JsonElement array) => array.EnumerateArray().Select(number => number.GetInt32());

    private static void Expect<T>(string what, string of, IEnumerable<T> expected, IEnumerable<T> actual, List<string> failures)
    {
        var (want, got) = (expected.ToArray(), actual.ToArray());
        if (!want.SequenceEqual(got))
            failures.Add($"{what} of {JsonSerializer.Serialize(of)}:\n  want {JsonSerializer.Serialize(want)}\n  got  {JsonSerializer.Serialize(got)}");
    }
}
