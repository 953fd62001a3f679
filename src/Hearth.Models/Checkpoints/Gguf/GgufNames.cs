using System.Globalization;

namespace Hearth.Models;

/// <summary>Tensor names of GGUF files for those of Hugging Face (llama, qwen2, qwen3, qwen3moe).</summary>
internal static class GgufNames
{
    private const string LayerPrefix = "model.layers.";

    private static readonly Dictionary<string, string> InLayer = new(StringComparer.Ordinal)
    {
        ["input_layernorm"] = "attn_norm",
        ["self_attn.q_proj"] = "attn_q",
        ["self_attn.k_proj"] = "attn_k",
        ["self_attn.v_proj"] = "attn_v",
        ["self_attn.o_proj"] = "attn_output",
        ["self_attn.q_norm"] = "attn_q_norm",
        ["self_attn.k_norm"] = "attn_k_norm",
        ["post_attention_layernorm"] = "ffn_norm",
        ["mlp.gate_proj"] = "ffn_gate",
        ["mlp.up_proj"] = "ffn_up",
        ["mlp.down_proj"] = "ffn_down",
        ["mlp.gate"] = "ffn_gate_inp",
    };

    private const string ExpertPrefix = "mlp.experts.";

    /// <summary>Tensors that hold one projection of all experts of a layer, [experts, outputs, inputs].</summary>
    private static readonly Dictionary<string, string> OfExpert = new(StringComparer.Ordinal)
    {
        ["gate_proj"] = "ffn_gate_exps",
        ["up_proj"] = "ffn_up_exps",
        ["down_proj"] = "ffn_down_exps",
    };

    /// <summary>The GGUF tensor that holds a Hugging Face one: whole, or as the part of that index in its first dimension. Null where there is none.</summary>
    public static (string Name, int? Part)? Locate(string name)
    {
        if (FromHuggingFace(name) is { } whole) return (whole, null);
        if (!TryLayer(name, out var layer, out var inLayer) || !inLayer.StartsWith(ExpertPrefix, StringComparison.Ordinal)) return null;
        return inLayer[ExpertPrefix.Length..].Split('.') is [var expert, var module, "weight"] && int.TryParse(expert, NumberStyles.None, CultureInfo.InvariantCulture, out var part)
            && OfExpert.TryGetValue(module, out var stacked) ? ($"blk.{layer}.{stacked}.weight", part) : null;
    }

    /// <summary>The GGUF name; null where there is none.</summary>
    public static string? FromHuggingFace(string name) => name switch
    {
        "model.embed_tokens.weight" => "token_embd.weight",
        "model.norm.weight" => "output_norm.weight",
        "lm_head.weight" => "output.weight",
        _ => LayerName(name),
    };

    private static string? LayerName(string name)
    {
        if (!TryLayer(name, out var layer, out var inLayer)) return null;
        var kind = inLayer.LastIndexOf('.');
        return kind > 0 && InLayer.TryGetValue(inLayer[..kind], out var module) ? $"blk.{layer}.{module}{inLayer[kind..]}" : null;
    }

    private static bool TryLayer(string name, out string layer, out string inLayer)
    {
        (layer, inLayer) = ("", "");
        if (!name.StartsWith(LayerPrefix, StringComparison.Ordinal)) return false;
        var dot = name.IndexOf('.', LayerPrefix.Length);
        if (dot < 0) return false;
        (layer, inLayer) = (name[LayerPrefix.Length..dot], name[(dot + 1)..]);
        return true;
    }
}
