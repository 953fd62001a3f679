using Hearth.ControlPlane;
using Hearth.Models;
using Hearth.Tokenization;

namespace Hearth.Workers;

/// <summary>Reads a base model's facts from its own files: what the engine would run is what the catalogue says.</summary>
public sealed class ModelProbe : IModelProbe
{
    /// <inheritdoc/>
    public ValueTask<ModelFacts> ProbeAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            using var files = ModelFiles.Open(path);
            var text = ModelText.Load(files);
            return new(new ModelFacts
            {
                ContextLength = files.Configuration.MaxPositions,
                ParameterCount = files.Names.Sum(name => files.Get(name).Shape.Aggregate(1L, (count, side) => count * side)),
                ModelType = files.Configuration.Architecture,
                Moe = files.Configuration.Experts is not null,
                HasChatTemplate = text.ChatTemplateSource is not null,
                SupportsTools = text.ChatTemplateSource?.Contains("tools", StringComparison.Ordinal) ?? false,
                Precision = PrecisionOf(files),
                Sampling = SamplingOf(files.Generation),
            });
        }
        catch (Exception e) when (e is IOException or InvalidDataException or NotSupportedException or ChatTemplateException)
        {
            throw HearthException.Invalid($"{path} is no model that this server can run: {e.Message}");
        }
    }

    private static Dictionary<string, double> SamplingOf(GenerationConfiguration? advice)
    {
        (string Name, double? Value)[] all =
        [
            ("temperature", advice?.Temperature), ("top_p", advice?.TopP), ("top_k", advice?.TopK), ("min_p", advice?.MinP), ("typical_p", advice?.TypicalP), ("repetition_penalty", advice?.RepetitionPenalty),
            ("frequency_penalty", advice?.FrequencyPenalty), ("presence_penalty", advice?.PresencePenalty),
        ];
        return all.Where(one => one.Value is not null).ToDictionary(one => one.Name, one => one.Value!.Value);
    }

    private static string PrecisionOf(ModelFiles files) => files.Get(files.Names.First(name => name.EndsWith("q_proj.weight", StringComparison.Ordinal))).Type switch
    {
        TensorType.BF16 => "BF16",
        TensorType.F16 => "FP16",
        _ => "",
    };
}
