namespace Hearth.Models;

public sealed partial record ModelConfiguration
{
    private static ExpertParameters ReadExperts(ConfigurationReader reader)
    {
        reader.Ignore(ConfigurationKeys.Experts.Keys);
        // Published files say num_experts, transformers 5 writes num_local_experts.
        var (published, current) = (reader.FindInteger("num_experts"), reader.FindInteger("num_local_experts"));
        if (published is { } one && current is { } other && one != other) throw reader.Fault($"has {one} 'num_experts' and {other} 'num_local_experts'; both must agree");
        return new ExpertParameters
        {
            Count = published ?? current ?? throw reader.Fault("has no 'num_experts'"),
            PerToken = reader.Integer("num_experts_per_tok"),
            Width = reader.Integer("moe_intermediate_size"),
            Normalize = reader.Flag("norm_topk_prob", false),
        };
    }

    // Layer n has experts where (n + 1) is a multiple of the step and mlp_only_layers does not name it (transformers, Qwen3MoeDecoderLayer).
    private static int[] ReadDenseLayers(ConfigurationReader reader, int layers)
    {
        var step = reader.FindInteger("decoder_sparse_step") ?? 1;
        if (step < 1) throw reader.Fault($"has a 'decoder_sparse_step' of {step}; it must be 1 or more");
        var named = reader.Integers("mlp_only_layers");
        foreach (var layer in named)
            if (layer < 0 || layer >= layers) throw reader.Fault($"names layer {layer} in 'mlp_only_layers'; it has {layers} layers");
        return [.. Enumerable.Range(0, Math.Clamp(layers, 0, MaxLayers)).Where(layer => (layer + 1) % step != 0 || named.Contains(layer))];
    }

    private static ExpertParameters ReadExperts(GgufKeys keys) => new()
    {
        Count = keys.Count("expert_count"),
        PerToken = keys.Count("expert_used_count"),
        Width = keys.Count("expert_feed_forward_length"),
        Normalize = true, // no key says so: every qwen3moe file is of such a model
    };
}
