namespace Hearth.Models;

/// <summary>Which tensors a model of a configuration has, under their Hugging Face names, and their shapes.</summary>
public static class ModelLayout
{
    /// <summary>Modules of a dense layer that LoRA can adapt, in the order of the forward pass.</summary>
    public static readonly IReadOnlyList<string> LayerModules =
        ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"];

    /// <summary>The router of a layer with experts.</summary>
    public const string Router = "mlp.gate";

    private const int AttentionModules = 4; // the first of LayerModules
    private const string ExpertPrefix = "mlp.experts.";

    /// <summary>Projections of an expert, in the order of the forward pass.</summary>
    public static readonly IReadOnlyList<string> ExpertModules = ["gate_proj", "up_proj", "down_proj"];

    /// <summary>An expert's projection inside its layer: <c>mlp.experts.5.up_proj</c>.</summary>
    public static string ExpertModule(int expert, string projection) => FormattableString.Invariant($"{ExpertPrefix}{expert}.{projection}");

    /// <summary>Modules of one layer that LoRA can adapt, in the order of the forward pass; the router is none of them.</summary>
    public static IEnumerable<string> ModulesOf(ModelConfiguration configuration, int layer)
    {
        if (!configuration.HasExperts(layer)) return LayerModules;
        var experts = Enumerable.Range(0, configuration.Experts!.Count);
        return LayerModules.Take(AttentionModules).Concat(experts.SelectMany(expert => ExpertModules.Select(module => ExpertModule(expert, module))));
    }

    /// <summary>Path of a module of a layer: <c>model.layers.3.self_attn.q_proj</c>.</summary>
    public static string ModulePath(int layer, string module) => FormattableString.Invariant($"model.layers.{layer}.{module}");

    /// <summary>Every linear module: its path, outputs and inputs. The output head comes last.</summary>
    public static IEnumerable<(string Path, int Outputs, int Inputs)> LinearModules(ModelConfiguration configuration)
    {
        for (int layer = 0; layer < configuration.Layers; layer++)
            foreach (var module in ModulesOf(configuration, layer))
            {
                var (outputs, inputs) = LinearShape(configuration, module);
                yield return (ModulePath(layer, module), outputs, inputs);
            }
        yield return ("lm_head", configuration.VocabularySize, configuration.Width);
    }

    /// <summary>Outputs and inputs of a layer's module.</summary>
    public static (int Outputs, int Inputs) LinearShape(ModelConfiguration configuration, string module) => module switch
    {
        "self_attn.q_proj" => (configuration.QueryWidth, configuration.Width),
        "self_attn.k_proj" or "self_attn.v_proj" => (configuration.KeyValueWidth, configuration.Width),
        "self_attn.o_proj" => (configuration.Width, configuration.QueryWidth),
        "mlp.gate_proj" or "mlp.up_proj" => (configuration.FeedForwardWidth, configuration.Width),
        "mlp.down_proj" => (configuration.Width, configuration.FeedForwardWidth),
        Router when configuration.Experts is { } experts => (experts.Count, configuration.Width),
        _ when configuration.Experts is { } experts && module.StartsWith(ExpertPrefix, StringComparison.Ordinal) =>
            module.EndsWith(".down_proj", StringComparison.Ordinal) ? (configuration.Width, experts.Width) : (experts.Width, configuration.Width),
        _ => throw new ArgumentException($"'{module}' is not a linear module of a layer.", nameof(module)),
    };

    /// <summary>Every tensor of the model, in the order of the forward pass; lazily, so that a check can stop at the first one missing.</summary>
    public static IEnumerable<(string Name, long[] Shape)> Tensors(ModelConfiguration configuration)
    {
        yield return ("model.embed_tokens.weight", [configuration.VocabularySize, configuration.Width]);
        for (int layer = 0; layer < configuration.Layers; layer++)
        {
            yield return (ModulePath(layer, "input_layernorm.weight"), [configuration.Width]);
            if (configuration.HasExperts(layer)) yield return (ModulePath(layer, Router + ".weight"), [configuration.Experts!.Count, configuration.Width]);
            foreach (var module in ModulesOf(configuration, layer))
            {
                var (outputs, inputs) = LinearShape(configuration, module);
                yield return ($"{ModulePath(layer, module)}.weight", [outputs, inputs]);
                if (HasBias(configuration, module)) yield return ($"{ModulePath(layer, module)}.bias", [outputs]);
            }
            if (configuration.QkNorm)
            {
                yield return (ModulePath(layer, "self_attn.q_norm.weight"), [configuration.HeadWidth]);
                yield return (ModulePath(layer, "self_attn.k_norm.weight"), [configuration.HeadWidth]);
            }
            yield return (ModulePath(layer, "post_attention_layernorm.weight"), [configuration.Width]);
        }
        yield return ("model.norm.weight", [configuration.Width]);
        if (!configuration.TieEmbeddings) yield return ("lm_head.weight", [configuration.VocabularySize, configuration.Width]);
    }

    /// <summary>Whether a layer's module has a bias.</summary>
    public static bool HasBias(ModelConfiguration configuration, string module) => module switch
    {
        "self_attn.q_proj" or "self_attn.k_proj" or "self_attn.v_proj" => configuration.QkvBias,
        "self_attn.o_proj" => configuration.OutputBias,
        _ => configuration.MlpBias,
    };
}
