using Hearth.Tokenization;

namespace Hearth.Models;

/// <summary>The tokenizer part of a GGUF file's metadata, as stored.</summary>
public sealed record GgufTokenizer
{
    /// <summary>Kind: "gpt2" is byte-level BPE, "llama" SentencePiece.</summary>
    public required string Model { get; init; }

    /// <summary>Name of the pre-tokenizer ("smollm", "llama-bpe", "qwen2", …); null where the file does not say.</summary>
    public string? Pre { get; init; }

    /// <summary>[V] token texts; the index is the id.</summary>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <summary>[V] kinds: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte; null where missing.</summary>
    public IReadOnlyList<int>? TokenTypes { get; init; }

    /// <summary>[V] scores (SentencePiece); null where missing.</summary>
    public IReadOnlyList<float>? Scores { get; init; }

    /// <summary>Merges in order of rank, each two parts with a space between; null where missing.</summary>
    public IReadOnlyList<string>? Merges { get; init; }

    /// <summary>Begin of text.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>End of text.</summary>
    public int? EosTokenId { get; init; }

    /// <summary>End of turn.</summary>
    public int? EotTokenId { get; init; }

    /// <summary>Unknown token.</summary>
    public int? UnknownTokenId { get; init; }

    /// <summary>Padding.</summary>
    public int? PaddingTokenId { get; init; }

    /// <summary>Whether texts begin with BOS; null leaves it to the pre-tokenizer's default.</summary>
    public bool? AddBosToken { get; init; }

    /// <summary>Whether texts end with EOS.</summary>
    public bool? AddEosToken { get; init; }

    /// <summary>Whether a space goes before the text (SentencePiece).</summary>
    public bool? AddSpacePrefix { get; init; }

    /// <summary>Jinja template for chats.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Reads the metadata; null where the file has no tokenizer.</summary>
    /// <exception cref="InvalidDataException">Token lists differ in length, or a value has the wrong type.</exception>
    public static GgufTokenizer? FromMetadata(GgufMetadata metadata)
    {
        if (metadata.FindTexts("tokenizer.ggml.tokens") is not { } tokens) return null;
        var tokenizer = new GgufTokenizer
        {
            Model = metadata.Text("tokenizer.ggml.model"),
            Pre = metadata.FindText("tokenizer.ggml.pre"),
            Tokens = tokens,
            TokenTypes = metadata.FindIntegers("tokenizer.ggml.token_type"),
            Scores = metadata.FindFloats("tokenizer.ggml.scores"),
            Merges = metadata.FindTexts("tokenizer.ggml.merges"),
            BosTokenId = metadata.FindCount("tokenizer.ggml.bos_token_id"),
            EosTokenId = metadata.FindCount("tokenizer.ggml.eos_token_id"),
            EotTokenId = metadata.FindCount("tokenizer.ggml.eot_token_id"),
            UnknownTokenId = metadata.FindCount("tokenizer.ggml.unknown_token_id"),
            PaddingTokenId = metadata.FindCount("tokenizer.ggml.padding_token_id"),
            AddBosToken = metadata.FindFlag("tokenizer.ggml.add_bos_token"),
            AddEosToken = metadata.FindFlag("tokenizer.ggml.add_eos_token"),
            AddSpacePrefix = metadata.FindFlag("tokenizer.ggml.add_space_prefix"),
            ChatTemplate = metadata.FindText("tokenizer.chat_template"),
        };
        RequireLength("token_type", tokenizer.TokenTypes?.Count, tokens.Count);
        RequireLength("scores", tokenizer.Scores?.Count, tokens.Count);
        return tokenizer;
    }

    /// <summary>The special tokens by the names chat templates use for them.</summary>
    public IReadOnlyDictionary<string, string> SpecialTokens =>
        new (string Name, int? Id)[] { ("bos_token", BosTokenId), ("eos_token", EosTokenId), ("unk_token", UnknownTokenId), ("pad_token", PaddingTokenId) }
            .Where(token => token.Id >= 0 && token.Id < Tokens.Count)
            .ToDictionary(token => token.Name, token => Tokens[token.Id!.Value]);

    /// <summary>The tokenizer this data describes.</summary>
    /// <exception cref="NotSupportedException">Its kind or its pre-tokenizer is not known; the message names it.</exception>
    /// <exception cref="InvalidDataException">The data contradicts itself.</exception>
    public Tokenizer Build() => Tokenizer.FromGgml(new GgmlVocabulary
    {
        Model = Model,
        Pre = Pre,
        Tokens = Tokens,
        Merges = Merges,
        Scores = Scores,
        TokenTypes = TokenTypes,
        BosTokenId = BosTokenId,
        EosTokenId = EosTokenId,
        UnknownTokenId = UnknownTokenId,
        AddBosToken = AddBosToken,
        AddEosToken = AddEosToken,
        AddSpacePrefix = AddSpacePrefix,
    });

    private static void RequireLength(string key, int? length, int tokens)
    {
        if (length is { } given && given != tokens)
            throw new InvalidDataException($"GGUF key 'tokenizer.ggml.{key}' has {given} elements for {tokens} tokens.");
    }
}
