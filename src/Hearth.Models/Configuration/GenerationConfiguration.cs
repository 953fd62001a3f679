namespace Hearth.Models;

/// <summary>The publisher's advice for generating text: <c>generation_config.json</c>. Null where it says nothing.</summary>
/// <remarks>Keys that are not listed here are settings of another library's search methods and are not read.</remarks>
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

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">The file is not JSON, or a value has the wrong type.</exception>
    public static GenerationConfiguration Load(string path)
    {
        using var document = JsonFiles.Load(path);
        var reader = new ConfigurationReader(Path.GetFileName(path), document.RootElement);
        return new GenerationConfiguration
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
    }
}
