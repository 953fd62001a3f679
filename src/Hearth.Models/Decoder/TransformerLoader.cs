using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>Builds a <see cref="TransformerModel"/> from files or from random numbers, under the tensor names of published checkpoints.</summary>
internal static class TransformerLoader
{
    private const string FinalNormName = "model.norm.weight";

    public static TransformerModel LoadFrozen(ModelConfiguration c, IFrozenWeights weights)
    {
        Linear Frozen(string module, int outputs, int inputs) => Linear.Frozen(module, weights.Matrix(module + ".weight", outputs, inputs),
            weights.Contains(module + ".bias") ? weights.Vector(module + ".bias", outputs) : default);
        NormWeight Norm(string name, int width) => new(weights.Vector(name, width), null);
        NormWeight OptionalNorm(string name, int width) => weights.Contains(name) ? Norm(name, width) : default;

        try
        {
            var embedding = Frozen("model.embed_tokens", c.VocabularySize, c.Width);
            var head = c.TieEmbeddings ? embedding : Frozen("lm_head", c.VocabularySize, c.Width);
            var model = Build(c, embedding, head, Frozen, Norm, OptionalNorm, parameters: null, [weights]);
            model.Weights = weights.Report;
            return model;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    public static TransformerModel LoadTrainable(ModelFiles files)
    {
        var c = files.Configuration;
        if (c.QkvBias || c.OutputBias || c.MlpBias)
            throw new NotSupportedException("Full-weight training of a model with biases is not supported; train a LoRA adapter instead.");
        RequireDense(c);
        var parameters = CreateParameters(c);
        foreach (var parameter in parameters.All) files.Get(parameter.Name).ReadFloat32(parameters.Of(parameter));
        return BuildTrainable(c, parameters);
    }

    public static TransformerModel CreateTrainable(ModelConfiguration c, ulong seed, float deviation)
    {
        RequireDense(c);
        var parameters = CreateParameters(c);
        for (int index = 0; index < parameters.All.Count; index++)
        {
            var parameter = parameters.All[index];
            var values = parameters.Of(parameter).Span;
            if (parameter.IsVector) values.Fill(1f);
            else
                for (int i = 0; i < values.Length; i++)
                    values[i] = deviation * CounterRandom.Normal(seed, RandomPurpose.WeightInitialization, (ulong)index, (ulong)i);
        }
        return BuildTrainable(c, parameters);
    }

    private static TransformerModel BuildTrainable(ModelConfiguration c, ParameterSet parameters)
    {
        Linear Trained(string module, int outputs, int inputs) => Linear.Trained(module, parameters, parameters[module + ".weight"]);
        NormWeight Norm(string name, int width) => new(parameters.Of(parameters[name]), parameters[name]);
        NormWeight OptionalNorm(string name, int width) => parameters.Contains(name) ? Norm(name, width) : default;

        var embedding = Trained("model.embed_tokens", c.VocabularySize, c.Width);
        var head = c.TieEmbeddings ? embedding : Trained("lm_head", c.VocabularySize, c.Width);
        return Build(c, embedding, head, Trained, Norm, OptionalNorm, parameters, [parameters]);
    }

    private static TransformerModel Build(ModelConfiguration c, Linear embedding, Linear head, Func<string, int, int, Linear> linear,
        Func<string, int, NormWeight> norm, Func<string, int, NormWeight> optionalNorm, ParameterSet? parameters,
        IReadOnlyList<IDisposable> owned)
    {
        var layers = new DecoderLayer[c.Layers];
        for (int i = 0; i < layers.Length; i++)
        {
            string prefix = $"model.layers.{i}.";
            var projections = new Linear[c.HasExperts(i) ? ProjectionNames.OfAttention : ProjectionNames.Count];
            for (int p = 0; p < projections.Length; p++)
            {
                var (outputs, inputs) = ModelLayout.LinearShape(c, ((Projection)p).Module());
                projections[p] = linear(((Projection)p).ModulePath(i), outputs, inputs);
            }
            layers[i] = new DecoderLayer
            {
                InputNorm = norm(prefix + "input_layernorm.weight", c.Width),
                PostAttentionNorm = norm(prefix + "post_attention_layernorm.weight", c.Width),
                QueryNorm = optionalNorm(prefix + "self_attn.q_norm.weight", c.HeadWidth),
                KeyNorm = optionalNorm(prefix + "self_attn.k_norm.weight", c.HeadWidth),
                Projections = projections,
                Experts = c.HasExperts(i) ? BuildExperts(c, i, linear) : null,
                Window = c.Windows[i],
            };
        }
        return new TransformerModel(c, embedding, head, norm(FinalNormName, c.Width), layers, parameters, owned);
    }

    private static ExpertLayer BuildExperts(ModelConfiguration c, int layer, Func<string, int, int, Linear> linear)
    {
        PackedWeight[] All(string projection)
        {
            var (outputs, inputs) = ModelLayout.LinearShape(c, ModelLayout.ExpertModule(0, projection));
            return [.. Enumerable.Range(0, c.Experts!.Count).Select(expert => linear(ModelLayout.ModulePath(layer, ModelLayout.ExpertModule(expert, projection)), outputs, inputs).Packed!)];
        }
        var router = linear(ModelLayout.ModulePath(layer, ModelLayout.Router), c.Experts!.Count, c.Width);
        return new ExpertLayer(c.Experts, router, All("gate_proj"), All("up_proj"), All("down_proj"));
    }

    private static void RequireDense(ModelConfiguration c)
    {
        if (c.Experts is not null)
            throw new NotSupportedException($"Full-weight training of a mixture of experts ({c.Architecture}) is not supported: the experts' gradients are not computed. Train a LoRA adapter instead.");
    }

    private static ParameterSet CreateParameters(ModelConfiguration c) => ParameterSet.Create(ModelLayout.Tensors(c).Select(tensor =>
        tensor.Shape is [var rows, var columns] ? (tensor.Name, (int)rows, (int)columns, false) : (tensor.Name, 1, (int)tensor.Shape[0], true)));
}
