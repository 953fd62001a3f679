namespace Hearth.Models;

public sealed partial record ModelConfiguration
{
    /// <summary>Keys below the architecture's prefix that change nothing here, each with the reason.</summary>
    private static readonly Dictionary<string, string> IgnoredGgufKeys = new(StringComparer.Ordinal)
    {
        ["tensor_data_layout"] = "a note of old converters; the rows are permuted either way",
        ["rope.scaling.finetuned"] = "says how the model was trained",
    };

    /// <summary>Reads the metadata of a GGUF file; biases, tied embeddings and rope divisors show in its tensors.</summary>
    /// <exception cref="NotSupportedException">The architecture, a key or a value is not supported; the message names it.</exception>
    /// <exception cref="InvalidDataException">A key is missing, of the wrong type or out of range.</exception>
    public static ModelConfiguration FromGguf(GgufFile file)
    {
        var metadata = file.Metadata;
        var architecture = metadata.Text("general.architecture");
        if (architecture is not ("llama" or "qwen2" or "qwen3" or "qwen3moe"))
            throw new NotSupportedException($"The architecture '{architecture}' is not supported in GGUF files. Supported are llama, qwen2, qwen3 and qwen3moe.");
        var keys = new GgufKeys(metadata, architecture);
        var (width, heads, layers) = (keys.Count("embedding_length"), keys.Count("attention.head_count"), keys.Count("block_count"));
        var configuration = new ModelConfiguration
        {
            Architecture = architecture == "qwen3moe" ? "qwen3_moe" : architecture,
            VocabularySize = ReadVocabulary(file, keys),
            Width = width,
            FeedForwardWidth = keys.Count("feed_forward_length"),
            Experts = architecture == "qwen3moe" ? ReadExperts(keys) : null,
            Layers = layers,
            Heads = heads,
            KeyValueHeads = keys.FindCount("attention.head_count_kv") ?? heads,
            HeadWidth = ReadHeadWidth(keys, width, heads),
            MaxPositions = keys.FindCount("context_length", saturate: true) ?? throw new InvalidDataException($"The GGUF file has no key '{architecture}.context_length'."),
            RmsEpsilon = (float)keys.Number("attention.layer_norm_rms_epsilon"),
            Rope = ReadRope(file, keys),
            TieEmbeddings = !file.Contains("output.weight"),
            QkvBias = file.Contains("blk.0.attn_q.bias"),
            OutputBias = file.Contains("blk.0.attn_output.bias"),
            MlpBias = file.Contains("blk.0.ffn_up.bias"),
            QkNorm = architecture is "qwen3" or "qwen3moe",
            Windows = new int[Math.Clamp(layers, 0, MaxLayers)],
            BosTokenId = metadata.FindCount("tokenizer.ggml.bos_token_id"),
            EosTokenIds = ReadEndTokens(metadata),
            PadTokenId = metadata.FindCount("tokenizer.ggml.padding_token_id"),
        };
        keys.RefuseNonZero("attention.sliding_window", "attention.max_alibi_bias", "attention.clamp_kqv");
        if (configuration.Experts is null) keys.RefuseNonZero("expert_count");
        keys.MustBeTrue("attention.causal");
        keys.Ignore(IgnoredGgufKeys.Keys);
        keys.RefuseOthers();
        GgufMetadataKeys.Check(metadata, architecture);
        return configuration.Validate();
    }

    private static int ReadVocabulary(GgufFile file, GgufKeys keys)
    {
        if (!file.Contains("token_embd.weight")) throw new InvalidDataException("The GGUF file has no tensor 'token_embd.weight'. It is not a language model.");
        var rows = file.Get("token_embd.weight").Shape is [var outputs, _] && outputs <= MaxVocabulary ? (int)outputs : 0;
        var claimed = keys.FindCount("vocab_size") ?? rows;
        return claimed == rows ? rows : throw new InvalidDataException($"GGUF: the vocabulary has {claimed} tokens, the embedding has {rows} rows.");
    }

    private static int ReadHeadWidth(GgufKeys keys, int width, int heads)
    {
        if (heads <= 0) throw new InvalidDataException($"GGUF: the number of attention heads is {heads}, it must be positive.");
        var head = keys.FindCount("attention.key_length") ?? width / heads;
        if (keys.FindCount("attention.value_length") is { } value && value != head)
            throw new NotSupportedException($"GGUF: heads with {head} key and {value} value dimensions are not supported; both must be equal.");
        if (keys.FindCount("rope.dimension_count") is { } rotated && rotated != head)
            throw new NotSupportedException($"GGUF: a rotary embedding over {rotated} of {head} dimensions is not supported.");
        return head;
    }

    private static RopeParameters ReadRope(GgufFile file, GgufKeys keys)
    {
        var rope = new RopeParameters { Theta = keys.FindNumber("rope.freq_base") ?? 10000, Divisors = ReadDivisors(file) };
        var factor = keys.FindNumber("rope.scaling.factor") ?? keys.FindNumber("rope.scale_linear") ?? 1;
        var scaling = keys.FindText("rope.scaling.type") ?? (factor == 1 ? "none" : "linear");
        return scaling switch
        {
            "none" => rope,
            "linear" => rope with { Type = RopeType.Linear, Factor = factor },
            "yarn" => ReadYarn(keys, rope with { Type = RopeType.Yarn, Factor = factor }),
            _ => throw new NotSupportedException($"GGUF: rope scaling '{scaling}' is not supported; supported are none, linear and yarn."),
        };
    }

    private static RopeParameters ReadYarn(GgufKeys keys, RopeParameters rope) => rope with
    {
        OriginalMaxPositions = keys.Count("rope.scaling.original_context_length"),
        BetaFast = keys.FindNumber("rope.scaling.yarn_beta_fast") ?? 32,
        BetaSlow = keys.FindNumber("rope.scaling.yarn_beta_slow") ?? 1,
    };

    private static float[]? ReadDivisors(GgufFile file) => file.Contains("rope_freqs.weight") ? file.Get("rope_freqs.weight").ToFloat32() : null;

    private static int[] ReadEndTokens(GgufMetadata metadata)
    {
        string[] keys = ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"];
        return [.. keys.Select(key => metadata.FindCount(key)).OfType<int>().Distinct()];
    }

    /// <summary>Keys below one architecture's prefix; remembers which were read.</summary>
    private sealed class GgufKeys(GgufMetadata metadata, string prefix)
    {
        private readonly HashSet<string> _read = new(StringComparer.Ordinal);

        public int Count(string key) => metadata.Count(Full(key));

        public int? FindCount(string key, bool saturate = false) => metadata.FindCount(Full(key), saturate);

        public double Number(string key) => metadata.Number(Full(key));

        public double? FindNumber(string key) => metadata.FindNumber(Full(key));

        public string? FindText(string key) => metadata.FindText(Full(key));

        public void Ignore(IEnumerable<string> keys)
        {
            foreach (var key in keys) Full(key);
        }

        public void RefuseNonZero(params string[] keys)
        {
            foreach (var key in keys)
                if (metadata.TryGet(Full(key), out var value) && Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture) != 0)
                    throw new NotSupportedException($"GGUF key '{prefix}.{key}' is {value}, which is not supported.");
        }

        public void MustBeTrue(string key)
        {
            if (metadata.FindFlag(Full(key)) == false) throw new NotSupportedException($"GGUF key '{prefix}.{key}' is false, which is not supported.");
        }

        public void RefuseOthers()
        {
            foreach (var key in metadata.Keys)
                if (key.StartsWith(prefix + ".", StringComparison.Ordinal) && !_read.Contains(key))
                    throw new NotSupportedException($"GGUF key '{key}' is not known here and so not supported. If it changes what the model computes, the model cannot be run; if it does not, convert the model without it.");
        }

        private string Full(string key)
        {
            var full = $"{prefix}.{key}";
            _read.Add(full);
            return full;
        }
    }
}
