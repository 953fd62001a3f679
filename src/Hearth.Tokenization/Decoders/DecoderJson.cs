using System.Text.Json;

namespace Hearth.Tokenization;

internal static class DecoderJson
{
    public static IDecoder Read(JsonElement json) => json.Kind() switch
    {
        "Sequence" => new SequenceDecoder([.. json.GetProperty("decoders").EnumerateArray().Select(Read)]),
        "ByteLevel" => new ByteLevelDecoder(),
        "ByteFallback" => new ByteFallbackDecoder(),
        "Fuse" => new FuseDecoder(),
        "Replace" => ReadReplace(json),
        "Strip" => ReadStrip(json),
        "Metaspace" => ReadMetaspace(json),
        "BPEDecoder" => new WordSuffixDecoder(json.GetProperty("suffix").GetString()!),
        "WordPiece" => ReadWordPiece(json),
        "CTC" => new CtcDecoder(
            json.GetProperty("pad_token").GetString()!, json.GetProperty("word_delimiter_token").GetString()!, json.Flag("cleanup")),
        var kind => throw new NotSupportedException($"Tokenizer decoder '{kind}' is not supported."),
    };

    private static TokenMapDecoder ReadReplace(JsonElement json)
    {
        var replace = new ReplaceNormalizer(json.Pattern(), json.GetProperty("content").GetString()!);
        return new TokenMapDecoder((token, _) => replace.Normalize(TextBuffer.FromText(token)).Chars.ToString());
    }

    private static TokenMapDecoder ReadStrip(JsonElement json)
    {
        var content = json.GetProperty("content").GetString()![0];
        var (start, stop) = (json.GetProperty("start").GetInt32(), json.GetProperty("stop").GetInt32());
        return new TokenMapDecoder((token, _) => Strip(token, content, start, stop));
    }

    private static string Strip(string token, char content, int start, int stop)
    {
        var from = 0;
        while (from < Math.Min(start, token.Length) && token[from] == content) from++;
        var to = token.Length;
        while (to > from && token.Length - to < stop && token[to - 1] == content) to--;
        return token[from..to];
    }

    private static TokenMapDecoder ReadMetaspace(JsonElement json)
    {
        var mark = json.GetProperty("replacement").GetString()!;
        var dropsFirst = PreTokenizerJson.Scheme(json) != PrependScheme.Never;
        return new TokenMapDecoder((token, index) => token.Replace(mark, index == 0 && dropsFirst ? "" : " ", StringComparison.Ordinal));
    }

    private static TokenMapDecoder ReadWordPiece(JsonElement json)
    {
        var prefix = json.GetProperty("prefix").GetString()!;
        var cleanup = json.Flag("cleanup", absent: true);
        return new TokenMapDecoder((token, index) =>
        {
            if (index > 0) token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
            return cleanup ? WordPieceCleanup.Apply(token) : token;
        });
    }
}
