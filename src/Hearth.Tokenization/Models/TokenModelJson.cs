using System.Text.Json;

namespace Hearth.Tokenization;

internal static class TokenModelJson
{
    /// <summary>No published vocabulary comes near; a larger id would make tables a hostile file can size.</summary>
    public const int LargestId = 1 << 22;

    public static ITokenModel Read(JsonElement json)
    {
        // Old files leave the type out; merges tell BPE.
        var kind = json.Text("type") ?? (json.Property("merges") is null ? "of no type" : "BPE");
        return kind switch
        {
            "BPE" => ReadBpe(json),
            "WordPiece" => new WordPieceModel(
                ReadVocabulary(json.GetProperty("vocab")), json.Text("unk_token") ?? "[UNK]", json.Text("continuing_subword_prefix") ?? "##",
                json.Property("max_input_chars_per_word")?.GetInt32() ?? 100),
            "WordLevel" => new WordLevelModel(ReadVocabulary(json.GetProperty("vocab")), json.Text("unk_token") ?? "<unk>"),
            "Unigram" => ReadUnigram(json),
            _ => throw new NotSupportedException($"Tokenizer model '{kind}' is not supported; BPE, WordPiece, WordLevel and Unigram are."),
        };
    }

    private static UnigramModel ReadUnigram(JsonElement json)
    {
        var tokens = json.GetProperty("vocab").EnumerateArray().Select(entry => (entry[0].GetString()!, entry[1].GetDouble())).ToList();
        var unknown = json.Property("unk_id")?.GetInt32();
        return unknown < 0 || unknown >= tokens.Count
            ? throw new InvalidDataException($"tokenizer.json: unk_id {unknown} is outside the vocabulary.")
            : new UnigramModel(tokens, unknown, json.Flag("byte_fallback"));
    }

    private static BpeModel ReadBpe(JsonElement json) => new(
        ReadVocabulary(json.GetProperty("vocab")),
        json.GetProperty("merges").EnumerateArray().Select(ReadMerge),
        new BpeOptions
        {
            UnknownToken = json.Text("unk_token"),
            ContinuingSubwordPrefix = json.Text("continuing_subword_prefix") ?? "",
            EndOfWordSuffix = json.Text("end_of_word_suffix") ?? "",
            FuseUnknown = json.Flag("fuse_unk"),
            ByteFallback = json.Flag("byte_fallback"),
            IgnoreMerges = json.Flag("ignore_merges"),
        });

    private static Dictionary<string, int> ReadVocabulary(JsonElement json)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in json.EnumerateObject())
        {
            var id = entry.Value.GetInt32();
            if (id is < 0 or > LargestId)
                throw new InvalidDataException($"tokenizer.json: token '{entry.Name}' has id {id}, outside 0..{LargestId}.");
            vocabulary[entry.Name] = id;
        }

        return vocabulary;
    }

    private static (string, string) ReadMerge(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Array) return (json[0].GetString()!, json[1].GetString()!);
        var text = json.GetString()!;
        var blank = text.IndexOf(' ', 1);
        return blank > 0
            ? (text[..blank], text[(blank + 1)..])
            : throw new InvalidDataException($"tokenizer.json: the merge '{text}' is not two tokens.");
    }
}
