using System.Text.Json;

namespace Hearth.Tokenization.Tests;

/// <summary>Single normalizers, pre-tokenizers and decoders against Hugging Face tokenizers.</summary>
[Trait("Category", "Fixtures")]
public sealed class ComponentFixtureTests
{
    /// <summary>Components that are refused by name, and why.</summary>
    private static readonly Dictionary<string, string> Unsupported = new()
    {
        ["UnicodeScripts"] = "no published language model uses it",
    };

    [Fact]
    public void Normalizers_agree_with_the_reference() => Check("normalizers", config =>
    {
        var normalizer = NormalizerJson.Read(config);
        return input => normalizer.Normalize(TextBuffer.FromText(input.GetString()!)).Chars.ToString();
    });

    [Fact]
    public void Decoders_agree_with_the_reference() => Check("decoders", config =>
    {
        var decoder = DecoderJson.Read(config);
        return input => string.Concat(decoder.Decode([.. input.EnumerateArray().Select(token => token.GetString()!)]));
    });

    [Fact]
    public void Pre_tokenizers_agree_with_the_reference() => Check("pre_tokenizers", config =>
    {
        var preTokenizer = PreTokenizerJson.Read(config);
        return input =>
        {
            var pieces = new List<Piece>();
            preTokenizer.Split(Piece.Whole(TextBuffer.FromText(input.GetString()!)), pieces);
            return string.Join('\n', pieces.Select(piece =>
                $"{piece.Chars} {piece.Buffer.Origins[piece.Start].Start} {piece.Buffer.Origins[piece.End - 1].End}"));
        };
    });

    private static void Check(string family, Func<JsonElement, Func<JsonElement, string>> read)
    {
        var folder = Path.Combine(Fixture.Folder("tokenizers"), "components");
        if (!Directory.Exists(folder)) return; // small sets of fixtures leave the components out
        var failures = new List<string>();
        foreach (var component in Fixture.ReadJson(folder, family + ".json").EnumerateArray())
        {
            var config = component.GetProperty("config");
            var kind = config.GetProperty("type").GetString()!;
            if (Unsupported.ContainsKey(kind))
            {
                Assert.Contains(kind, Assert.Throws<NotSupportedException>(() => read(config)).Message, StringComparison.Ordinal);
                continue;
            }

            var run = read(config);
            foreach (var test in component.GetProperty("cases").EnumerateArray()) CheckCase(config, test, run, failures);
        }

        Assert.True(failures.Count == 0, $"{failures.Count} failures:\n{string.Join('\n', failures.Take(12))}");
    }

    private static void CheckCase(JsonElement config, JsonElement test, Func<JsonElement, string> run, List<string> failures)
    {
        var got = run(test.GetProperty("in"));
        if (!test.TryGetProperty("out", out var expected)) return; // the reference crashed; here it only must not
        var want = expected.ValueKind == JsonValueKind.String
            ? expected.GetString()
            : string.Join('\n', expected.EnumerateArray().Select(piece => $"{piece[0]} {piece[1]} {piece[2]}"));
        if (want != got) failures.Add($"{config.GetRawText()[..Math.Min(150, config.GetRawText().Length)]} of {test.GetProperty("in")}: want {JsonSerializer.Serialize(want)} got {JsonSerializer.Serialize(got)}");
    }
}
