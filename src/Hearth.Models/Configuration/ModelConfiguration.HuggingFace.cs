namespace Hearth.Models;

public sealed partial record ModelConfiguration
{
    private const int MistralDefaultWindow = 4096; // transformers, MistralConfig: the default of a missing key

    /// <summary>Reads a Hugging Face <c>config.json</c>, as published (legacy) or as transformers 5 writes it.</summary>
    /// <exception cref="NotSupportedException">The architecture, a key or a value is not supported; the message names it.</exception>
    /// <exception cref="InvalidDataException">A key is missing or out of range.</exception>
    public static ModelConfiguration FromConfigFile(string path)
    {
        using var document = JsonFiles.Load(path);
        var reader = new ConfigurationReader(Path.GetFileName(path), document.RootElement);
        var architecture = ReadArchitecture(reader);
        reader.MustBe("hidden_act", "silu");
        reader.MustBe("rope_interleaved", false);
        reader.MustBe("use_mrope", false);
        reader.MustBe("partial_rotary_factor", 1);
        reader.MustBe("is_encoder_decoder", false);
        reader.MustBe("add_cross_attention", false);
        reader.MustBeUnset(Features);
        reader.Ignore(ConfigurationKeys.Model.Keys);
        RefuseQuantization(reader);
        var configuration = FromReader(architecture, reader);
        reader.RefuseOthers();
        return configuration.Validate();
    }

    /// <summary>What config.json can switch on and is not supported: only null, false and empty values are taken.</summary>
    private static readonly Dictionary<string, string> Features = new(StringComparer.Ordinal)
    {
        ["auto_map"] = "code of its own",
        ["pruned_heads"] = "heads left out",
        ["task_specific_params"] = "settings for tasks",
    };

    // GPTQ, AWQ, bitsandbytes and others store weights in forms of their own under the names of the plain ones.
    private static void RefuseQuantization(ConfigurationReader reader)
    {
        if (reader.FindObject("quantization_config") is not { } quantization) return;
        throw new NotSupportedException($"config.json has a 'quantization_config' ({quantization.FindText("quant_method") ?? "no quant_method"}): weights quantised that way are not supported. Use the unquantised weights and their config.json, or a GGUF file.");
    }

    private static string ReadArchitecture(ConfigurationReader reader)
    {
        var family = reader.Text("model_type");
        var head = family switch
        {
            "llama" => "LlamaForCausalLM",
            "mistral" => "MistralForCausalLM",
            "qwen2" => "Qwen2ForCausalLM",
            "qwen3" => "Qwen3ForCausalLM",
            "qwen3_moe" => "Qwen3MoeForCausalLM",
            _ => throw new NotSupportedException($"The architecture '{family}' is not supported. Supported are llama, mistral, qwen2, qwen3 and qwen3_moe."),
        };
        foreach (var name in reader.FindTexts("architectures") ?? [])
            if (name != head) throw new NotSupportedException($"The architecture '{name}' is not supported; of {family} models it is {head}.");
        return family;
    }

    private static ModelConfiguration FromReader(string architecture, ConfigurationReader reader)
    {
        var (width, heads, layers) = (reader.Integer("hidden_size"), reader.Integer("num_attention_heads"), reader.Integer("num_hidden_layers"));
        var experts = architecture == "qwen3_moe" ? ReadExperts(reader) : null;
        // llama and qwen3 bias all four attention projections by a switch; qwen2 always biases q, k and v; mistral none.
        if (architecture is "mistral" or "qwen2") reader.MustBe("attention_bias", architecture == "qwen2");
        if (architecture != "llama") reader.MustBe("mlp_bias", false);
        var attentionBias = architecture is "llama" or "qwen3" or "qwen3_moe" && reader.Flag("attention_bias", false);
        return new ModelConfiguration
        {
            Architecture = architecture,
            VocabularySize = reader.Integer("vocab_size"),
            Width = width,
            FeedForwardWidth = reader.Integer("intermediate_size"),
            Experts = experts,
            DenseLayers = experts is null ? [] : ReadDenseLayers(reader, layers),
            Layers = layers,
            Heads = heads,
            KeyValueHeads = reader.FindInteger("num_key_value_heads") ?? (architecture == "llama" ? heads : reader.Integer("num_key_value_heads")),
            HeadWidth = ReadHeadWidth(architecture, reader, width, heads),
            MaxPositions = reader.Integer("max_position_embeddings"),
            RmsEpsilon = (float)(reader.FindNumber("rms_norm_eps") ?? 1e-6),
            Rope = ReadRope(reader),
            TieEmbeddings = reader.Flag("tie_word_embeddings", false),
            QkvBias = attentionBias || architecture == "qwen2",
            OutputBias = attentionBias,
            MlpBias = architecture == "llama" && reader.Flag("mlp_bias", false),
            QkNorm = architecture is "qwen3" or "qwen3_moe",
            Windows = ReadWindows(architecture, reader, layers),
            BosTokenId = reader.FindInteger("bos_token_id"),
            EosTokenIds = reader.Integers("eos_token_id"),
            PadTokenId = reader.FindInteger("pad_token_id"),
        };
    }

    private static int ReadHeadWidth(string architecture, ConfigurationReader reader, int width, int heads)
    {
        if (reader.FindInteger("head_dim") is { } given) return given;
        if (architecture == "qwen3") throw reader.Fault("has no 'head_dim'");
        if (heads <= 0 || width % heads != 0) throw reader.Fault($"has {heads} attention heads, which do not divide the hidden size {width}");
        return width / heads;
    }

    private static int[] ReadWindows(string architecture, ConfigurationReader reader, int layers)
    {
        if (layers is <= 0 or > MaxLayers) throw reader.Fault($"has {layers} layers; there must be 1..{MaxLayers}");
        var window = reader.FindInteger("sliding_window") ?? (architecture == "mistral" && !reader.IsWritten("sliding_window") ? MistralDefaultWindow : 0);
        if (window < 0) throw reader.Fault($"has a 'sliding_window' of {window}");
        if (architecture == "qwen3_moe") reader.MustBe("use_sliding_window", false); // no published model has one
        var qwen = architecture is "qwen2" or "qwen3" or "qwen3_moe";
        var firstWindowed = qwen ? reader.FindInteger("max_window_layers") ?? 0 : 0;
        if (qwen && !reader.Flag("use_sliding_window", false)) window = 0;
        if (architecture == "llama" && window != 0) throw reader.NotSupported("sliding_window", "null");
        var types = reader.FindTexts("layer_types");
        if (types is not null && types.Length != layers) throw reader.Fault($"has {types.Length} layer_types for {layers} layers");
        var windows = new int[layers];
        for (int layer = 0; layer < layers; layer++)
            windows[layer] = types is null ? (layer >= firstWindowed ? window : 0) : TypeWindow(reader, types[layer], window);
        return windows;
    }

    private static int TypeWindow(ConfigurationReader reader, string type, int window) => type switch
    {
        "full_attention" => 0,
        "sliding_attention" when window > 0 => window,
        "sliding_attention" => throw reader.Fault("has a 'sliding_attention' layer but no window in force"),
        _ => throw reader.NotSupported("layer_types", "full_attention and sliding_attention"),
    };
}
