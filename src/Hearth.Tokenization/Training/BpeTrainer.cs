using System.Text.Json;

namespace Hearth.Tokenization;

/// <summary>
/// Learns a byte-level BPE: the most frequent pair is merged until the vocabulary is full. Words are cut as GPT-2 cuts
/// them and each digit stands alone, so no token holds two words or two digits. arXiv:1508.07909, section 3.2.
/// </summary>
public sealed class BpeTrainer
{
    private readonly BpeTrainerOptions _options;
    private readonly Dictionary<string, long> _wordCounts = new(StringComparer.Ordinal);
    private readonly IPreTokenizer _preTokenizer = SequenceOfDigitsAndWords();

    /// <exception cref="ArgumentException">The vocabulary has no room for the special tokens and 256 bytes.</exception>
    public BpeTrainer(BpeTrainerOptions options)
    {
        var smallest = options.SpecialTokens.Count + 256;
        if (options.VocabularySize < smallest)
            throw new ArgumentException($"A byte-level vocabulary needs at least {smallest} tokens, got {options.VocabularySize}.");
        _options = options;
    }

    /// <summary>Counts the words of a text. Special tokens are not looked for: leave them out.</summary>
    public void Add(string text)
    {
        var words = new List<Piece>();
        _preTokenizer.Split(Piece.Whole(TextBuffer.FromText(text)), words);
        foreach (var word in words)
        {
            var key = word.Chars.ToString();
            _wordCounts[key] = _wordCounts.GetValueOrDefault(key) + 1;
        }
    }

    /// <summary>Learns from everything added and writes a Hugging Face tokenizer.json. Equal inputs give equal bytes.</summary>
    public byte[] Train()
    {
        var vocabulary = new List<string>(_options.SpecialTokens);
        // Byte characters in the order of their code points, as the reference's trainer lists its alphabet.
        vocabulary.AddRange(Enumerable.Range(0, 256).Select(value => ByteAlphabet.Encode((byte)value)).Order().Select(unit => unit.ToString()));
        var merges = new MergeLearner(_wordCounts, vocabulary).Learn(_options.VocabularySize, _options.MinimumFrequency);
        return Write(vocabulary, merges);
    }

    private static SequencePreTokenizer SequenceOfDigitsAndWords() => new([
        new RuneSplitPreTokenizer(System.Text.Rune.IsNumber, SplitBehavior.Isolated),
        new ByteLevelPreTokenizer(addPrefixSpace: false, useRegex: true)]);

    private byte[] Write(List<string> vocabulary, List<(string Left, string Right)> merges)
    {
        var byteLevel = new { type = "ByteLevel", add_prefix_space = false, trim_offsets = true, use_regex = true };
        return JsonSerializer.SerializeToUtf8Bytes(new
        {
            version = "1.0",
            truncation = (object?)null,
            padding = (object?)null,
            added_tokens = _options.SpecialTokens.Select((content, id) => new
            {
                id,
                content,
                single_word = false,
                lstrip = false,
                rstrip = false,
                normalized = false,
                special = true,
            }),
            normalizer = (object?)null,
            pre_tokenizer = new
            {
                type = "Sequence",
                pretokenizers = new object[] { new { type = "Digits", individual_digits = true }, byteLevel },
            },
            post_processor = (object?)null,
            decoder = byteLevel,
            model = new
            {
                type = "BPE",
                dropout = (object?)null,
                unk_token = (string?)null,
                continuing_subword_prefix = (string?)null,
                end_of_word_suffix = (string?)null,
                fuse_unk = false,
                byte_fallback = false,
                ignore_merges = false,
                vocab = vocabulary.Select((token, id) => KeyValuePair.Create(token, id)).ToDictionary(),
                merges = merges.Select(merge => $"{merge.Left} {merge.Right}"),
            },
        });
    }
}
