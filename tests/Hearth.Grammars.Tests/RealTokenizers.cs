using System.IO.Compression;
using Hearth.TestKit;
using Hearth.Tokenization;

namespace Hearth.Grammars.Tests;

/// <summary>The published tokenizers of the fixtures, and small ones of the other kinds.</summary>
internal static class RealTokenizers
{
    private static readonly Dictionary<string, (Tokenizer, TokenVocabulary)> Loaded = [];

    public static IEnumerable<string> Names => [.. FixtureFolder.Cases("tokenizers/real").Select(name => $"real/{name}"), "made/bpe-llama2-style", "made/unigram-byte-fallback"];

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
