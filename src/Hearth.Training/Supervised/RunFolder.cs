using System.Globalization;
using System.Security.Cryptography;
using System.Runtime.InteropServices;
using System.Text.Json;
using Hearth.Models;

namespace Hearth.Training;

/// <summary>The files of a run: config.json (resolved options) and metrics.jsonl (one line a step, names as paths with a unit).</summary>
internal sealed class RunFolder : IDisposable
{
    private readonly StreamWriter _metrics;

    private RunFolder(string folder) => _metrics = new StreamWriter(Path.Combine(folder, "metrics.jsonl"), append: false) { AutoFlush = true, NewLine = "\n" };

    public static RunFolder Create<TOptions>(string folder, TOptions options)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(options, new JsonSerializerOptions { WriteIndented = true }));
        return new RunFolder(folder);
    }

    public void WriteStep(TrainingProgress p) => _metrics.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{{\"step\":{p.Step},\"train/loss\":{p.Loss:R},\"train/learning_rate\":{p.LearningRate:R},\"train/gradient_norm\":{p.GradientNorm:R},\"train/tokens_per_second\":{p.TokensPerSecond:F1},\"train/tokens\":{p.TrainedTokens},\"train/epoch\":{p.Epoch:F4}}}"));

    public void WriteEvaluation(int step, double loss) =>
        _metrics.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{{\"step\":{step},\"eval/loss\":{loss:R}}}"));

    public byte[] HashOf(ParameterSet parameters) => SHA256.HashData(MemoryMarshal.AsBytes((ReadOnlySpan<float>)parameters.Values.Span));

    public void Dispose() => _metrics.Dispose();
}
