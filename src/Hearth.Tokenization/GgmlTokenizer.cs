namespace Hearth.Tokenization;

/// <summary>Builds a tokenizer from GGUF metadata, after llama.cpp's reading of it.</summary>
internal static class GgmlTokenizer
{
    private const int Unknown = 2, Control = 3, UserDefined = 4;

    public static Tokenizer Build(GgmlVocabulary source)
    {
        Validate(source);
        return new Tokenizer(source.Model switch
        {
            "gpt2" => ByteLevel(source),
            "llama" => SentencePiece(source),
            _ => throw new NotSupportedException($"GGUF tokenizer model '{source.Model}' is not supported; gpt2 and llama are."),
        });
    }

    private static TokenizerParts ByteLevel(GgmlVocabulary source)
    {
        var pre = PublishedPreTokenizers.Find(source.Pre);
        var merges = (source.Merges ?? throw new InvalidDataException("GGUF tokenizer: 'tokenizer.ggml.merges' is missing.")).Select(ReadMerge);
        var model = new BpeModel(IdsOf(source), merges, new BpeOptions { IgnoreMerges = pre.TakesWholeWords });
        return new TokenizerParts(model)
        {
            AddedTokens = AddedTokensOf(source),
            PreTokenizer = new SequencePreTokenizer([.. pre.Steps, new ByteLevelPreTokenizer(addPrefixSpace: false, useRegex: false)]),
            PostProcessor = _ => Frame(source, pre.AddsBos),
            Decoder = new ByteLevelDecoder(),
        };
    }

    private static TokenizerParts SentencePiece(GgmlVocabulary source)
    {
        var scores = source.Scores ?? throw new InvalidDataException("GGUF tokenizer: 'tokenizer.ggml.scores' is missing.");
        var vocabulary = IdsOf(source);
        var model = new BpeModel(vocabulary, ScoredMerges.Rank(vocabulary, scores), new BpeOptions
        {
            UnknownToken = source.UnknownTokenId is { } unknown ? source.Tokens[unknown] : null,
            ByteFallback = true,
        });
        var addsSpace = source.AddSpacePrefix ?? true;
        var marks = new ReplaceNormalizer(new CodePointRegex(" "), "▁");
        var toBlanks = new TokenMapDecoder((token, _) => token.Replace('▁', ' '));
        return new TokenizerParts(model)
        {
            AddedTokens = AddedTokensOf(source),
            Normalizer = addsSpace ? new SequenceNormalizer([new PrependNormalizer(" "), marks]) : marks,
            PostProcessor = _ => Frame(source, addsBos: true),
            Decoder = addsSpace
                ? new SequenceDecoder([toBlanks, new ByteFallbackDecoder(), new FuseDecoder(), new TokenMapDecoder((text, _) => text.StartsWith(' ') ? text[1..] : text)])
                : new SequenceDecoder([toBlanks, new ByteFallbackDecoder()]),
        };
    }

    private static TemplatePostProcessor Frame(GgmlVocabulary source, bool addsBos)
    {
        var parts = new List<TemplatePostProcessor.Part> { new(null, 0) };
        if ((source.AddBosToken ?? addsBos) && source.BosTokenId is { } bos) parts.Insert(0, new([bos], 0));
        if (source.AddEosToken == true && source.EosTokenId is { } eos) parts.Add(new([eos], 0));
        return new TemplatePostProcessor(parts);
    }

    private static List<AddedToken> AddedTokensOf(GgmlVocabulary source)
    {
        var added = new List<AddedToken>();
        for (var id = 0; id < source.Tokens.Count; id++)
        {
            var kind = source.TokenTypes?[id] ?? (id == source.BosTokenId || id == source.EosTokenId ? Control : 1);
            if (kind is Unknown or Control or UserDefined) added.Add(new AddedToken(id, source.Tokens[id], IsSpecial: kind != UserDefined));
        }

        return added;
    }

    // A text that stands twice keeps its first id, as in llama.cpp.
    private static Dictionary<string, int> IdsOf(GgmlVocabulary source)
    {
        var ids = new Dictionary<string, int>(source.Tokens.Count, StringComparer.Ordinal);
        for (var id = 0; id < source.Tokens.Count; id++) ids.TryAdd(source.Tokens[id], id);
        return ids;
    }

    private static (string, string) ReadMerge(string merge)
    {
        var blank = merge.IndexOf(' ', 1);
        return blank > 0 ? (merge[..blank], merge[(blank + 1)..]) : throw new InvalidDataException($"GGUF tokenizer: the merge '{merge}' is not two tokens.");
    }

    private static void Validate(GgmlVocabulary source)
    {
        var count = source.Tokens.Count;
        if (source.TokenTypes is { } kinds && kinds.Count != count) throw Mismatch("token_type", kinds.Count, count);
        if (source.Scores is { } scores && scores.Count != count) throw Mismatch("scores", scores.Count, count);
        foreach (var id in new[] { source.BosTokenId, source.EosTokenId, source.UnknownTokenId })
            if (id < 0 || id >= count) throw new InvalidDataException($"GGUF tokenizer: a special token has id {id}, outside 0..{count - 1}.");
    }

    private static InvalidDataException Mismatch(string key, int got, int tokens) =>
        new($"GGUF tokenizer: '{key}' has {got} entries for {tokens} tokens.");
}
