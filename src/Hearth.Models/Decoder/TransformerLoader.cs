using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>Builds a <see cref="TransformerModel"/> from files or from random numbers, under the tensor names of published checkpoints.</summary>
internal static class TransformerLoader
{
    private const string FinalNormName = "model.norm.weight";

    public static TransformerModel LoadFrozen(ModelFiles files)
    {
        var c = files.Configuration;
        var vectors = new List<NativeBlock>();
        Linear Frozen(string module, int outputs, int inputs)
        {
            var tensor = Matrix(files, module + ".weight", outputs, inputs);
            var weight = PackedWeight.Pack(WeightTypeOf(tensor), tensor.Bytes, outputs, inputs);
            return Linear.Frozen(module, weight, files.Contains(module + ".bias") ? Vector(files, module + ".bias", outputs, vectors) : default);
        }
        NormWeight Norm(string name, int width) => new(Vector(files, name, width, vectors), null);
        NormWeight OptionalNorm(string name, int width) => files.Contains(name) ? Norm(name, width) : default;

        var embedding = Frozen("model.embed_tokens", c.VocabularySize, c.Width);
        var head = c.TieEmbeddings ? embedding : Frozen("lm_head", c.VocabularySize, c.Width);
        return Build(c, embedding, head, Frozen, Norm, OptionalNorm, parameters: null, vectors);
    }

    public static TransformerModel LoadTrainable(ModelFiles files)
    {
        var c = files.Configuration;
        if (c.QkvBias || c.OutputBias || c.MlpBias)
            throw new NotSupportedException("Full-weight training of a model with biases is not supported; train a LoRA adapter instead.");
        var parameters = CreateParameters(c);
        foreach (var parameter in parameters.All) files.Get(parameter.Name).ReadFloat32(parameters.Of(parameter));
        return BuildTrainable(c, parameters);
    }

    public static TransformerModel CreateTrainable(ModelConfiguration c, ulong seed, float deviation)
    {
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
            var projections = new Linear[ProjectionNames.Count];
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
                Window = c.Windows[i],
            };
        }
        return new TransformerModel(c, embedding, head, norm(FinalNormName, c.Width), layers, parameters, owned);
    }

    private static ParameterSet CreateParameters(ModelConfiguration c) => ParameterSet.Create(ModelLayout.Tensors(c).Select(tensor =>
        tensor.Shape is [var rows, var columns] ? (tensor.Name, (int)rows, (int)columns, false) : (tensor.Name, 1, (int)tensor.Shape[0], true)));

    private static TensorView Matrix(ModelFiles files, string name, int outputs, int inputs)
    {
        var tensor = files.Get(name);
        if (tensor.Shape is not [var rows, var columns] || rows != outputs || columns != inputs)
            throw new InvalidDataException($"Tensor '{name}' is [{string.Join(", ", tensor.Shape)}], expected [{outputs}, {inputs}] by the configuration.");
        return tensor;
    }

    private static FloatBuffer Vector(ModelFiles files, string name, int width, List<NativeBlock> owners)
    {
        var tensor = files.Get(name);
        if (tensor.Shape is not [var length] || length != width)
            throw new InvalidDataException($"Tensor '{name}' is [{string.Join(", ", tensor.Shape)}], expected [{width}] by the configuration.");
        owners.Add(NativeBlock.ForFloats(width, out var values));
        tensor.ReadFloat32(values);
        return values;
    }

    private static WeightType WeightTypeOf(TensorView tensor) => tensor.Type switch
    {
        TensorType.F32 => WeightType.F32,
        TensorType.F16 => WeightType.F16,
        TensorType.BF16 => WeightType.BF16,
        TensorType.Q8_0 => WeightType.Q8_0,
        TensorType.Q4_0 => WeightType.Q4_0,
        TensorType.Q4_1 => WeightType.Q4_1,
        TensorType.Q4_K => WeightType.Q4_K,
        TensorType.Q6_K => WeightType.Q6_K,
        _ => throw new NotSupportedException($"Tensor '{tensor.Name}' is stored as {tensor.Type}, which the engine does not compute with. It computes with {TensorTypes.Readable}: convert the model to one of them."),
    };
}
