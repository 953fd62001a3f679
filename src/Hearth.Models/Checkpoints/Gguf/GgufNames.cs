namespace Hearth.Models;

/// <summary>Tensor names of GGUF files for those of Hugging Face (llama, qwen2, qwen3).</summary>
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
    };

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
        if (!name.StartsWith(LayerPrefix, StringComparison.Ordinal)) return null;
        var (dot, kind) = (name.IndexOf('.', LayerPrefix.Length), name.LastIndexOf('.'));
        if (dot < 0 || kind <= dot) return null;
        return InLayer.TryGetValue(name[(dot + 1)..kind], out var module) ? $"blk.{name[LayerPrefix.Length..dot]}.{module}{name[kind..]}" : null;
    }
}
