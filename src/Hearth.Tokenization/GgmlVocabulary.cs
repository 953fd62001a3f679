namespace Hearth.Tokenization;

/// <summary>A tokenizer as GGUF metadata holds it (keys tokenizer.ggml.*). Null means: not in the file.</summary>
public sealed record GgmlVocabulary
{
    /// <value>"gpt2" is byte-level BPE, "llama" SentencePiece.</value>
    public required string Model { get; init; }

    /// <value>[V] token texts.</value>
    public required IReadOnlyList<string> Tokens { get; init; }

    /// <value>Which published expression cuts words, such as "smollm" or "llama-bpe".</value>
    public string? Pre { get; init; }

    /// <value>Pairs in order of rank, each two tokens with a blank between.</value>
    public IReadOnlyList<string>? Merges { get; init; }

    /// <value>[V] SentencePiece's scores.</value>
    public IReadOnlyList<float>? Scores { get; init; }

    /// <value>[V] kinds: 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte.</value>
    public IReadOnlyList<int>? TokenTypes { get; init; }

    public int? BosTokenId { get; init; }

    public int? EosTokenId { get; init; }

    public int? UnknownTokenId { get; init; }

    /// <value>Null leaves it to the kind: true for SentencePiece, llama-bpe and tekken.</value>
    public bool? AddBosToken { get; init; }

    public bool? AddEosToken { get; init; }

    /// <value>Null means true.</value>
    public bool? AddSpacePrefix { get; init; }
}
