namespace Hearth.Models;

/// <summary>The publisher's advice for generating text: <c>generation_config.json</c>. Null where it says nothing.</summary>
/// <remarks>Other searches than sampling and the best token, and other limits on tokens, are refused where they are switched on.</remarks>
public sealed record GenerationConfiguration
{
    /// <summary>Token that begins a text.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Tokens that end a generation; where given they hold instead of the model configuration's.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Token that fills rows.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>Whether to sample rather than take the best token.</summary>
    public bool? Sample { get; init; }

    /// <summary>Softmax temperature.</summary>
    public double? Temperature { get; init; }

    /// <summary>Probability mass kept.</summary>
    public double? TopP { get; init; }

    /// <summary>Number of tokens kept.</summary>
    public int? TopK { get; init; }

    /// <summary>Tokens under this share of the best one's probability are dropped.</summary>
    public double? MinP { get; init; }

    /// <summary>Probability mass kept of the tokens with the most typical surprise.</summary>
    public double? TypicalP { get; init; }

    /// <summary>Divides (multiplies, where negative) the logits of tokens seen before.</summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>Taken from the logits of a token for each time that it was generated.</summary>
    public double? FrequencyPenalty { get; init; }

    /// <summary>Taken from the logits of tokens that were generated.</summary>
    public double? PresencePenalty { get; init; }

    /// <summary>What the file can switch on and requests cannot ask for: only null, false and empty values are taken.</summary>
    private static readonly Dictionary<string, string> Features = new(StringComparer.Ordinal)
    {
        ["bad_words_ids"] = "words that must not come",
        ["begin_suppress_tokens"] = "tokens that must not come first",
        ["constraints"] = "a search under constraints",
        ["dola_layers"] = "decoding by contrasts of layers",
        ["exponential_decay_length_penalty"] = "a penalty by length",
        ["force_words_ids"] = "a search under constraints",
        ["forced_bos_token_id"] = "a token that must come first",
        ["forced_decoder_ids"] = "tokens at fixed places",
        ["forced_eos_token_id"] = "a token that must come last",
        ["renormalize_logits"] = "another order of sampling",
        ["remove_invalid_values"] = "another treatment of infinities",
        ["sequence_bias"] = "a bias on sequences",
        ["stop_strings"] = "texts that end an answer; give them as stop",
        ["suppress_tokens"] = "tokens that must not come",
        ["token_healing"] = "a change of the prompt",
        ["watermarking_config"] = "a watermark",
    };

    /// <summary>Numbers that switch a search or a cut on, and the one at which it is off.</summary>
    private static readonly (string Key, double Off)[] Numbers =
    [
        ("num_beams", 1), ("num_beam_groups", 1), ("penalty_alpha", 0), ("diversity_penalty", 0), ("no_repeat_ngram_size", 0), ("encoder_no_repeat_ngram_size", 0),
        ("encoder_repetition_penalty", 1), ("epsilon_cutoff", 0), ("eta_cutoff", 0), ("guidance_scale", 1), ("min_length", 0), ("min_new_tokens", 0), ("top_h", 0),
    ];

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">The file is not JSON, or a value has the wrong type.</exception>
    /// <exception cref="NotSupportedException">The file asks for something that is not supported; the message names it.</exception>
    public static GenerationConfiguration Load(string path)
    {
        using var document = JsonFiles.Load(path);
        var reader = new ConfigurationReader(Path.GetFileName(path), document.RootElement);
        foreach (var (key, off) in Numbers) reader.MustBe(key, off);
        reader.MustBeUnset(Features);
        reader.Ignore(ConfigurationKeys.Generation.Keys);
        var configuration = new GenerationConfiguration
        {
            BosTokenId = reader.FindInteger("bos_token_id"),
            EosTokenIds = reader.Integers("eos_token_id"),
            PadTokenId = reader.FindInteger("pad_token_id"),
            Sample = reader.Find("do_sample") is null ? null : reader.Flag("do_sample", false),
            Temperature = reader.FindNumber("temperature"),
            TopP = reader.FindNumber("top_p"),
            TopK = reader.FindInteger("top_k"),
            MinP = reader.FindNumber("min_p"),
            TypicalP = reader.FindNumber("typical_p"),
            RepetitionPenalty = reader.FindNumber("repetition_penalty"),
        };
        reader.RefuseOthers();
        return configuration;
    }
}
