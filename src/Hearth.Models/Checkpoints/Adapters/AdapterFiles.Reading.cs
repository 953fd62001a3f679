namespace Hearth.Models;

public sealed partial class AdapterFiles
{
    /// <summary>Reads the tensors that a configuration promises for a model, and accepts no others.</summary>
    private sealed class Reading(AdapterConfiguration configuration, ModelConfiguration model, SafetensorsFile weights, ModelFiles? baseFiles)
    {
        private readonly HashSet<string> _left = new(weights.Names, StringComparer.Ordinal);

        public AdapterContent Run()
        {
            var targets = TargetedModules();
            var content = new AdapterContent
            {
                Modules = [.. targets.Select(ReadModule), .. FusedExperts.Read(configuration, model, (name, shape) => Read(TensorPrefix + name, shape))],
                Embedding = configuration.Targets(AdapterConfiguration.Embedding) ? ReadEmbedding() : null,
                Biases = ReadBiases(targets.Select(target => target.Path).ToHashSet(StringComparer.Ordinal)),
                Head = ReadTable(AdapterConfiguration.Head, model.TieEmbeddings ? AdapterConfiguration.Embedding : AdapterConfiguration.Head),
                EmbeddingTable = ReadTable(AdapterConfiguration.Embedding, AdapterConfiguration.Embedding),
                TokenRows = ReadTokenRows(),
            };
            foreach (var name in _left.Order(StringComparer.Ordinal))
                throw new InvalidDataException($"The adapter has a tensor '{name}', which belongs to no module that it targets in this model.");
            return content;
        }

        private List<(string Path, int Outputs, int Inputs)> TargetedModules()
        {
            var all = ModelLayout.LinearModules(model).ToList();
            foreach (var name in configuration.TargetModules)
            {
                if (model.Experts is not null && name.Split('.')[^1] == "gate")
                    throw new NotSupportedException($"The adapter targets '{name}', the router of the experts; adapters of routers are not supported.");
                if (!all.Any(module => AdapterConfiguration.NameMatches(name, module.Path)) && !AdapterConfiguration.NameMatches(name, AdapterConfiguration.Embedding))
                    throw new InvalidDataException($"The adapter targets '{name}', a module that a {model.Architecture} model does not have.");
            }
            var targeted = all.FindAll(module => configuration.Targets(module.Path));
            if (model.Experts is not null) LeaveAlone(targeted);
            if (targeted.Count == 0 && configuration.TargetParameters.Count == 0 && !configuration.Targets(AdapterConfiguration.Embedding))
                throw new InvalidDataException("The adapter's target_modules choose no module of this model.");
            return targeted;
        }

        // By its version PEFT adapts with gate_proj, up_proj and down_proj the dense layers of a mixture, its experts or both. So either kind may be absent, but only as a whole.
        private void LeaveAlone(List<(string Path, int Outputs, int Inputs)> targeted)
        {
            if (!_left.Any(IsOfDense)) targeted.RemoveAll(module => IsOfDense(module.Path));
            if (!_left.Any(IsOfExpert)) targeted.RemoveAll(module => IsOfExpert(module.Path));
        }

        private static bool IsOfDense(string path) => path.Contains(".mlp.", StringComparison.Ordinal) && !path.Contains(".mlp.experts.", StringComparison.Ordinal);

        private static bool IsOfExpert(string path)
        {
            const string experts = ".mlp.experts.";
            var index = path.IndexOf(experts, StringComparison.Ordinal);
            return index >= 0 && index + experts.Length < path.Length && char.IsAsciiDigit(path[index + experts.Length]);
        }

        private AdapterModule ReadModule((string Path, int Outputs, int Inputs) target)
        {
            int rank = configuration.RankOf(target.Path);
            return new AdapterModule
            {
                Path = target.Path,
                Rank = rank,
                Scale = configuration.ScaleOf(target.Path),
                Inputs = target.Inputs,
                Outputs = target.Outputs,
                A = Read(TensorName(target.Path, "lora_A"), [rank, target.Inputs]),
                B = Read(TensorName(target.Path, "lora_B"), [target.Outputs, rank]),
                Bias = configuration.UpdateBias ? Read($"{TensorPrefix}{target.Path}.lora_B.bias", [target.Outputs]) : default,
            };
        }

        private AdapterModule ReadEmbedding()
        {
            const string path = AdapterConfiguration.Embedding;
            RefuseTied("target_modules");
            int rank = configuration.RankOf(path);
            return new AdapterModule
            {
                Path = path,
                Rank = rank,
                Scale = configuration.ScaleOf(path),
                Inputs = model.VocabularySize,
                Outputs = model.Width,
                A = Read($"{TensorPrefix}{path}.lora_embedding_A", [rank, model.VocabularySize]),
                B = Read($"{TensorPrefix}{path}.lora_embedding_B", [model.Width, rank]),
            };
        }

        private Dictionary<string, float[]> ReadBiases(HashSet<string> targeted)
        {
            var biases = new Dictionary<string, float[]>(StringComparer.Ordinal);
            if (configuration.Bias == AdapterBias.None) return biases;
            for (int layer = 0; layer < model.Layers; layer++)
                foreach (var module in ModelLayout.ModulesOf(model, layer))
                {
                    var path = ModelLayout.ModulePath(layer, module);
                    if (!ModelLayout.HasBias(model, module) || (configuration.Bias == AdapterBias.Adapted && !targeted.Contains(path))) continue;
                    var name = $"{TensorPrefix}{path}.{(targeted.Contains(path) ? "base_layer.bias" : "bias")}";
                    biases.Add(path, Read(name, [ModelLayout.LinearShape(model, module).Outputs]));
                }
            return biases;
        }

        // Either saved as a whole, or the copy that PEFT stores beside an adapter of it and loads over the base model's. Equal ones are not kept.
        private float[]? ReadTable(string module, string baseModule)
        {
            var saved = configuration.SavedModules.Contains(module.Split('.')[^1]);
            var name = TensorPrefix + module + (saved ? ".weight" : ".base_layer.weight");
            if (!saved && (!configuration.Targets(module) || !_left.Contains(name))) return null;
            if (saved) RefuseTied("modules_to_save");
            var values = Read(name, [model.VocabularySize, model.Width]);
            return baseFiles is not null && baseFiles.Get(baseModule + ".weight").ToFloat32().AsSpan().SequenceEqual(values) ? null : values;
        }

        private Dictionary<int, ReadOnlyMemory<float>> ReadTokenRows()
        {
            var rows = new Dictionary<int, ReadOnlyMemory<float>>();
            var tokens = configuration.TrainedTokens;
            if (tokens.Count == 0) return rows;
            RefuseTied("trainable_token_indices");
            var values = Read($"{TensorPrefix}{AdapterConfiguration.Embedding}.token_adapter.trainable_tokens_delta", [tokens.Count, model.Width]);
            for (int i = 0; i < tokens.Count; i++)
                if ((uint)tokens[i] >= (uint)model.VocabularySize || !rows.TryAdd(tokens[i], values.AsMemory(i * model.Width, model.Width)))
                    throw new InvalidDataException($"adapter_config.json names the token {tokens[i]} in 'trainable_token_indices'; each must be in 0..{model.VocabularySize - 1} and named once.");
            return rows;
        }

        // Whether the head follows the embeddings then depends on the version of PEFT that saved it.
        private void RefuseTied(string key)
        {
            if (model.TieEmbeddings)
                throw new NotSupportedException($"adapter_config.json changes embed_tokens or lm_head ('{key}') of a model whose head is its embeddings, which is not supported. Train the adapter on the projections only.");
        }

        private float[] Read(string name, long[] shape)
        {
            if (!_left.Remove(name)) throw new InvalidDataException($"The adapter has no tensor '{name}', although its configuration targets the module.");
            var tensor = weights.Get(name);
            if (!tensor.Shape.AsSpan().SequenceEqual(shape))
                throw new InvalidDataException($"Adapter tensor '{name}' is [{string.Join(", ", tensor.Shape)}], expected [{string.Join(", ", shape)}] from the model and the rank.");
            var values = tensor.ToFloat32();
            foreach (var value in values)
                if (!float.IsFinite(value)) throw new InvalidDataException($"Adapter tensor '{name}' holds a value that is not finite.");
            return values;
        }
    }
}
