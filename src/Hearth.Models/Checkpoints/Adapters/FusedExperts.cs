using System.Globalization;
using System.Text.RegularExpressions;

namespace Hearth.Models;

/// <summary>
/// LoRA on the fused expert weights, as PEFT writes it with transformers 5 (<c>target_parameters</c>): one A and one B hold the matrices of all experts of a layer.
/// In memory each expert has its own.
/// </summary>
/// <remarks>
/// X experts, rank R. A: [X * R, in], expert by expert. B: [out, R * X], column r * X + e belongs to expert e. gate_up_proj has gate's outputs, then up's. Where
/// both parameters are adapted, PEFT wraps gate_up_proj first, so that its tensors lie below <c>base_layer</c>.
/// </remarks>
internal static partial class FusedExperts
{
    public const string GateUp = "gate_up_proj";
    public const string Down = "down_proj";
    private const string Experts = "mlp.experts";

    private static readonly string[] Parameters = [GateUp, Down];

    /// <summary>The module that stands for one expert's part of a fused parameter: <c>model.layers.1.mlp.experts.5.gate_up_proj</c>.</summary>
    public static string PartPath(int layer, int expert, string parameter) => ModelLayout.ModulePath(layer, ModelLayout.ExpertModule(expert, parameter));

    /// <summary>A module as the projections that it is made of: gate and up together become two, which have the same A and B's halves.</summary>
    public static IEnumerable<AdapterModule> Projections(AdapterModule module)
    {
        if (!module.Path.EndsWith('.' + GateUp, StringComparison.Ordinal)) return [module];
        int outputs = module.Outputs / 2;
        var stem = module.Path[..^GateUp.Length];
        return
        [
            module with { Path = stem + ModelLayout.ExpertModules[0], Outputs = outputs, B = module.B[..(outputs * module.Rank)] },
            module with { Path = stem + ModelLayout.ExpertModules[1], Outputs = outputs, B = module.B[(outputs * module.Rank)..] },
        ];
    }

    /// <summary>Reads what <c>target_parameters</c> names, one module an expert.</summary>
    public static IEnumerable<AdapterModule> Read(AdapterConfiguration configuration, ModelConfiguration model, Func<string, long[], float[]> tensor)
    {
        foreach (var name in configuration.TargetParameters)
            if (model.Experts is null || !Parameters.Any(parameter => IsOf(model, name, parameter)))
                throw new NotSupportedException($"The adapter targets the parameter '{name}'. Supported are {Experts}.{GateUp} and {Experts}.{Down} of a model with experts.");
        for (int layer = 0; layer < model.Layers; layer++)
            foreach (var parameter in Parameters)
                if (model.HasExperts(layer) && configuration.TargetsParameter(ParameterPath(layer, parameter)))
                    foreach (var module in Split(configuration, model, layer, parameter, tensor)) yield return module;
    }

    /// <summary>Joins modules that are parts of fused parameters into the tensors that PEFT has for them; other modules are left in <paramref name="others"/>.</summary>
    public static IEnumerable<(string Path, long[] ShapeA, float[] A, long[] ShapeB, float[] B)> Join(
        AdapterConfiguration configuration, IReadOnlyList<AdapterModule> modules, out List<AdapterModule> others)
    {
        var groups = new SortedDictionary<string, SortedDictionary<int, AdapterModule>>(StringComparer.Ordinal);
        others = [];
        foreach (var module in modules)
        {
            if (Part().Match(module.Path) is { Success: true } match && match.Groups[1].Value + "." + match.Groups[3].Value is var path && configuration.TargetsParameter(path))
            {
                if (!groups.TryGetValue(path, out var parts)) groups[path] = parts = [];
                parts[int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture)] = module;
            }
            else others.Add(module);
        }
        return groups.Select(group => Join(configuration, group.Key, [.. group.Value.Values]));
    }

    private static IEnumerable<AdapterModule> Split(AdapterConfiguration configuration, ModelConfiguration model, int layer, string parameter, Func<string, long[], float[]> tensor)
    {
        var path = ParameterPath(layer, parameter);
        var (experts, rank) = (model.Experts!.Count, configuration.RankOf(path));
        var (outputs, inputs) = parameter == GateUp ? (2 * model.Experts.Width, model.Width) : (model.Width, model.Experts.Width);
        var stored = StoredPath(configuration, path);
        var a = tensor(stored + ".lora_A.weight", [(long)experts * rank, inputs]);
        var b = tensor(stored + ".lora_B.weight", [outputs, (long)rank * experts]);
        for (int expert = 0; expert < experts; expert++)
        {
            var own = new float[outputs * rank];
            for (int output = 0; output < outputs; output++)
                for (int r = 0; r < rank; r++) own[output * rank + r] = b[(output * rank + r) * experts + expert];
            yield return new AdapterModule
            {
                Path = PartPath(layer, expert, parameter),
                Rank = rank,
                Scale = configuration.ScaleOf(path),
                Inputs = inputs,
                Outputs = outputs,
                A = a.AsMemory(expert * rank * inputs, rank * inputs),
                B = own,
            };
        }
    }

    private static (string, long[], float[], long[], float[]) Join(AdapterConfiguration configuration, string path, AdapterModule[] parts)
    {
        var (rank, inputs, outputs, experts) = (parts[0].Rank, parts[0].Inputs, parts[0].Outputs, parts.Length);
        var (a, b) = (new float[experts * rank * inputs], new float[outputs * rank * experts]);
        for (int expert = 0; expert < experts; expert++)
        {
            var part = parts[expert];
            if (part.Rank != configuration.RankOf(path) || part.Scale != configuration.ScaleOf(path) || part.Rank != rank)
                throw new ArgumentException($"Module '{part.Path}' (rank {part.Rank}, scale {part.Scale}) is not what the adapter's configuration says.", nameof(parts));
            part.A.Span.CopyTo(a.AsSpan(expert * rank * inputs));
            for (int i = 0; i < outputs * rank; i++) b[i * experts + expert] = part.B.Span[i];
        }
        return (StoredPath(configuration, path), [(long)experts * rank, inputs], a, [outputs, (long)rank * experts], b);
    }

    private static string StoredPath(AdapterConfiguration configuration, string path)
    {
        var module = path[..path.LastIndexOf('.')];
        return path.EndsWith(GateUp, StringComparison.Ordinal) && configuration.TargetsParameter($"{module}.{Down}") ? module + ".base_layer" : module;
    }

    private static string ParameterPath(int layer, string parameter) => ModelLayout.ModulePath(layer, $"{Experts}.{parameter}");

    private static bool IsOf(ModelConfiguration model, string name, string parameter) =>
        Enumerable.Range(0, model.Layers).Any(layer => model.HasExperts(layer) && AdapterConfiguration.NameMatches(name, ParameterPath(layer, parameter)));

    [GeneratedRegex(@"^(model\.layers\.\d{1,6}\.mlp\.experts)\.(\d{1,6})\.(gate_up_proj|down_proj)$")]
    private static partial Regex Part();
}
