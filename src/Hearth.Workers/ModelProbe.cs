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
                HasChatTemplate = text.ChatTemplateSource is not null,
                SupportsTools = text.ChatTemplateSource?.Contains("tools", StringComparison.Ordinal) ?? false,
                Precision = PrecisionOf(files),
            });
        }
        catch (Exception e) when (e is IOException or InvalidDataException or NotSupportedException or ChatTemplateException)
        {
            throw HearthException.Invalid($"{path} is no model that this server can run: {e.Message}");
        }
    }

    private static string PrecisionOf(ModelFiles files) => files.Get(files.Names.First(name => name.EndsWith("q_proj.weight", StringComparison.Ordinal))).Type switch
    {
        TensorType.BF16 => "BF16",
        TensorType.F16 => "FP16",
        _ => "",
    };
}
