namespace Hearth.Models;

/// <summary>What GGUF files say outside their architecture's own keys: read, listed with the reason why it changes nothing here, or refused.</summary>
internal static class GgufMetadataKeys
{
    private const string Label = "a label for people";

    /// <summary>Keys that are read: by the file's own reader, the configuration and the tokenizer.</summary>
    public static readonly IReadOnlySet<string> Read = new HashSet<string>(StringComparer.Ordinal)
    {
        "general.architecture", "general.alignment", "general.type", "general.quantization_version", "split.count",
        "tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.scores", "tokenizer.ggml.merges",
        "tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id",
        "tokenizer.ggml.unknown_token_id", "tokenizer.ggml.padding_token_id", "tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_eos_token",
        "tokenizer.ggml.add_space_prefix", "tokenizer.ggml.remove_extra_whitespaces", "tokenizer.ggml.add_sep_token", "tokenizer.chat_template",
    };

    /// <summary>Keys, and beginnings of keys (with a star), that change nothing here.</summary>
    public static readonly IReadOnlyDictionary<string, string> Ignored = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["general.author"] = Label,
        ["general.base_model.*"] = Label,
        ["general.basename"] = Label,
        ["general.dataset.*"] = Label,
        ["general.datasets"] = Label,
        ["general.description"] = Label,
        ["general.doi"] = Label,
        ["general.file_type"] = "each tensor names its own type",
        ["general.finetune"] = Label,
        ["general.languages"] = Label,
        ["general.license"] = Label,
        ["general.license.*"] = Label,
        ["general.name"] = Label,
        ["general.organization"] = Label,
        ["general.quantized_by"] = Label,
        ["general.repo_url"] = Label,
        ["general.sampling.*"] = "advice for sampling; generation_config.json beside the file is read for that",
        ["general.size_label"] = Label,
        ["general.source.*"] = Label,
        ["general.tags"] = Label,
        ["general.url"] = Label,
        ["general.uuid"] = Label,
        ["general.version"] = Label,
        ["quantize.*"] = "how the weights were quantised",
        ["split.no"] = "only matters with a split.count above 1, which is refused",
        ["split.tensors.count"] = "only matters with a split.count above 1, which is refused",
        ["tokenizer.chat_template.*"] = "templates with names; the one without is the model's",
        ["tokenizer.chat_templates"] = "names of those templates",
        ["tokenizer.ggml.cls_token_id"] = "of models that read whole texts",
        ["tokenizer.ggml.fim_*"] = "tokens for filling gaps; requests that want one name it",
        ["tokenizer.ggml.mask_token_id"] = "of models that fill in words",
        ["tokenizer.ggml.middle_token_id"] = "tokens for filling gaps; requests that want one name it",
        ["tokenizer.ggml.prefix_token_id"] = "tokens for filling gaps; requests that want one name it",
        ["tokenizer.ggml.seperator_token_id"] = "of models that read pairs of texts",
        ["tokenizer.ggml.suffix_token_id"] = "tokens for filling gaps; requests that want one name it",
        ["tokenizer.huggingface.json"] = "a second form of what the other tokenizer keys say",
    };

    /// <summary>Refuses keys outside <paramref name="architecture"/> that are neither read nor listed, and values of read ones that cannot be followed.</summary>
    /// <exception cref="NotSupportedException">The message names the key.</exception>
    public static void Check(GgufMetadata metadata, string architecture)
    {
        if (metadata.FindText("general.type") is { } type && type != "model") throw new NotSupportedException($"GGUF key 'general.type' is '{type}': the file is no model. Give the model's own file.");
        if (metadata.FindCount("general.quantization_version") is { } version && version != 2)
            throw new NotSupportedException($"GGUF key 'general.quantization_version' is {version}; blocks of version 2 are read. Convert the model with a current llama.cpp.");
        if (metadata.FindCount("split.count") is > 1 and var parts)
            throw new NotSupportedException($"GGUF key 'split.count' is {parts}: the model is split into {parts} files, which are not read as one. Merge them with llama-gguf-split --merge.");
        if (metadata.FindFlag("tokenizer.ggml.remove_extra_whitespaces") == true)
            throw new NotSupportedException("GGUF key 'tokenizer.ggml.remove_extra_whitespaces' is true, which is not supported. Put the model's tokenizer.json beside the file and convert it without this key.");
        if (metadata.FindFlag("tokenizer.ggml.add_sep_token") == true)
            throw new NotSupportedException("GGUF key 'tokenizer.ggml.add_sep_token' is true, which is of models that read pairs of texts. Convert the model without this key.");
        foreach (var key in metadata.Keys)
            if (!key.StartsWith(architecture + ".", StringComparison.Ordinal) && !Read.Contains(key) && !IsIgnored(key))
                throw new NotSupportedException($"GGUF key '{key}' is not known here. If it changes what the model computes, the model cannot be run; if it does not, convert the model without it.");
    }

    private static bool IsIgnored(string key)
    {
        if (Ignored.ContainsKey(key)) return true;
        foreach (var beginning in Ignored.Keys)
            if (beginning.EndsWith('*') && key.AsSpan().StartsWith(beginning.AsSpan()[..^1], StringComparison.Ordinal)) return true;
        return false;
    }
}
