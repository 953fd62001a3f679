using System.IO.Compression;
using Hearth.TestKit;
using Hearth.Tokenization;

namespace Hearth.Grammars.Tests;

/// <summary>The published tokenizers of the fixtures, and small ones of the other kinds.</summary>
internal static class RealTokenizers
{
    private static readonly Dictionary<string, (Tokenizer, TokenVocabulary)> Loaded = [];

    // The published ones are not in the repository's own copy: there, its small ones stand in.
    public static IEnumerable<string> Names => Directory.Exists(Path.Combine(FixtureFolder.Find("tokenizers"), "real"))
        ? [.. FixtureFolder.Cases("tokenizers/real").Select(name => $"real/{name}"), "made/bpe-llama2-style", "made/unigram-byte-fallback"]
        : FixtureFolder.Cases("tokenizers/made").Select(name => $"made/{name}");

    public static (Tokenizer Tokenizer, TokenVocabulary Vocabulary) Load(string name)
    {
        lock (Loaded)
        {
            if (Loaded.TryGetValue(name, out var known)) return known;
            string file = Path.Combine(FixtureFolder.Find("tokenizers"), name, "tokenizer.json");
            var tokenizer = Tokenizer.Parse(File.Exists(file) ? File.ReadAllBytes(file) : Unzipped(file + ".gz"));
            return Loaded[name] = (tokenizer, new(tokenizer.VocabularyBytes(), tokenizer.IdLimit));
        }
    }

    private static byte[] Unzipped(string path)
    {
        using var file = File.OpenRead(path);
        using var unzip = new GZipStream(file, CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        unzip.CopyTo(bytes);
        return bytes.ToArray();
    }
}
