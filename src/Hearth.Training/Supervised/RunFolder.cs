using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Hearth.Models;

namespace Hearth.Training;

/// <summary>The files of a run: config.json (resolved options) and metrics.jsonl (one line a step, names as paths with a unit).</summary>
internal sealed class RunFolder : IDisposable
{
    private readonly FileStream _file;
    private readonly StreamWriter _metrics;

    private RunFolder(string path)
    {
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        _file.Seek(0, SeekOrigin.End);
        _metrics = new StreamWriter(_file) { AutoFlush = true, NewLine = "\n" };
    }

    /// <summary>Opens the folder; metrics of an earlier attempt stay until <see cref="CutMetrics"/>.</summary>
    public static RunFolder Open<TOptions>(string folder, TOptions options)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(options, new JsonSerializerOptions { WriteIndented = true }));
        return new RunFolder(Path.Combine(folder, "metrics.jsonl"));
    }

    public long MetricsBytes => _file.Length;

    /// <summary>Cuts off what was written after a checkpoint, or everything.</summary>
    public void CutMetrics(long bytes)
    {
        _file.SetLength(bytes);
        _file.Seek(0, SeekOrigin.End);
    }

    /// <summary>Makes the metrics so far durable: a checkpoint that names their length follows.</summary>
    public void SyncMetrics() => _file.Flush(flushToDisk: true);

    public void WriteStep(TrainingProgress p) => _metrics.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{{\"step\":{p.Step},\"train/loss\":{p.Loss:R},\"train/learning_rate\":{p.LearningRate:R},\"train/grad_norm\":{p.GradientNorm:R},\"train/tokens_per_second\":{p.TokensPerSecond:F1},\"train/tokens\":{p.TrainedTokens},\"train/epoch\":{p.Epoch:F4}}}"));

    public void WriteEvaluation(int step, double loss) =>
        _metrics.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{{\"step\":{step},\"eval/loss\":{loss:R}}}"));

    public static string HashOf(ParameterSet parameters) =>
        Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes((ReadOnlySpan<float>)parameters.Values.Span)));

    public void Dispose() => _metrics.Dispose();
}
