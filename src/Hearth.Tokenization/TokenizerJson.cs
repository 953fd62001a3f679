using System.Text.Json;

namespace Hearth.Tokenization;

/// <summary>Reads Hugging Face's tokenizer.json.</summary>
internal static class TokenizerJson
{
    public static Tokenizer Parse(ReadOnlyMemory<byte> utf8Json)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8Json);
            return Build(document.RootElement);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"tokenizer.json is not valid JSON: {error.Message}", error);
        }
        catch (Exception error) when (error is KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException or IndexOutOfRangeException)
        {
            throw new InvalidDataException($"tokenizer.json is missing a field or has one of the wrong kind: {error.Message}", error);
        }
    }

    private static Tokenizer Build(JsonElement root)
    {
        var model = TokenModelJson.Read(root.GetProperty("model"));
        return new Tokenizer(new TokenizerParts(model)
        {
            AddedTokens = root.Property("added_tokens") is { } added ? [.. added.EnumerateArray().Select(ReadAddedToken)] : [],
            Normalizer = root.Property("normalizer") is { } normalizer ? NormalizerJson.Read(normalizer) : null,
            PreTokenizer = root.Property("pre_tokenizer") is { } preTokenizer ? PreTokenizerJson.Read(preTokenizer) : null,
            PostProcessor = PostProcessorJson.Read(root.Property("post_processor")),
            Decoder = root.Property("decoder") is { } decoder ? DecoderJson.Read(decoder) : null,
        });
    }

    private static AddedToken ReadAddedToken(JsonElement token)
    {
        var id = token.GetProperty("id").GetInt32();
        if (id is < 0 or > TokenModelJson.LargestId)
            throw new InvalidDataException($"tokenizer.json: the added token {id} is outside 0..{TokenModelJson.LargestId}.");
        return new AddedToken(
            id, token.GetProperty("content").GetString()!, token.Flag("special"), token.Flag("normalized"),
            token.Flag("lstrip"), token.Flag("rstrip"), token.Flag("single_word"));
    }
}
