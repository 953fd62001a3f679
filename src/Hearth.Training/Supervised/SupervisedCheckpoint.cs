using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Hearth.Models;
using Hearth.Numerics;

namespace Hearth.Training;

/// <summary>
/// What a supervised run resumes from (rule R9): a folder with the weights, both moments and a manifest, filled under another name, synced and renamed. A run
/// that goes on from it gives the same adapter to the byte as one that was never stopped.
/// </summary>
internal sealed record SupervisedCheckpoint
{
    private const string StateFile = "state.bin", ManifestFile = "manifest.json";
    private const int Kept = 2; // the last may be damaged

    /// <summary>Of the options that decide the result: another run's checkpoint is not this run's.</summary>
    public required string Fingerprint { get; init; }
    /// <summary>Steps done.</summary>
    public required int Step { get; init; }
    /// <summary>Length of metrics.jsonl at this step: what was written later is cut off.</summary>
    public required long MetricsBytes { get; init; }
    /// <summary>Training time so far, in seconds.</summary>
    public required double Seconds { get; init; }
    public required double LastLoss { get; init; }
    public double? LossBefore { get; init; }
    /// <summary>SHA-256 of the adapter before the first step.</summary>
    public required string StartHash { get; init; }
    public EarlyStop.Memory? EarlyStop { get; init; }
    /// <summary>SHA-256 of the state.</summary>
    public string StateHash { get; init; } = "";

    public void Save(string runFolder, IReadOnlyList<FloatBuffer> parts)
    {
        AtomicFolder.Write(Path.Combine(Root(runFolder), $"step-{Step:D9}"), folder =>
        {
            var hash = Write(Path.Combine(folder, StateFile), parts);
            var manifest = JsonSerializer.SerializeToUtf8Bytes(this with { StateHash = hash });
            AtomicFile.Write(Path.Combine(folder, ManifestFile), file => file.Write(manifest)); // last
        });
        foreach (var old in Folders(runFolder).Skip(Kept)) Directory.Delete(old, recursive: true);
    }

    /// <summary>Reads the newest whole checkpoint of this run into <paramref name="parts"/>.</summary>
    /// <returns>Null where there is none; the parts may then hold anything.</returns>
    public static SupervisedCheckpoint? TryLoad(string runFolder, string fingerprint, long metricsBytes, IReadOnlyList<FloatBuffer> parts)
    {
        foreach (var folder in Folders(runFolder))
        {
            try
            {
                var manifest = JsonSerializer.Deserialize<SupervisedCheckpoint>(File.ReadAllBytes(Path.Combine(folder, ManifestFile)))!;
                if (manifest.Fingerprint == fingerprint && manifest.MetricsBytes <= metricsBytes && TryRead(Path.Combine(folder, StateFile), manifest.StateHash, parts)) return manifest;
            }
            catch (Exception unsound) when (unsound is IOException or JsonException)
            {
                // A damaged checkpoint is as good as none; the one before it may be whole.
            }
        }
        return null;
    }

    /// <summary>Removes all checkpoints of a run.</summary>
    public static void DeleteAll(string runFolder)
    {
        if (Directory.Exists(Root(runFolder))) Directory.Delete(Root(runFolder), recursive: true);
    }

    private static string Write(string path, IReadOnlyList<FloatBuffer> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        foreach (var part in parts)
        {
            var bytes = MemoryMarshal.AsBytes(part.Span);
            file.Write(bytes);
            hash.AppendData(bytes);
        }
        file.Flush(flushToDisk: true);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static bool TryRead(string path, string expected, IReadOnlyList<FloatBuffer> parts)
    {
        using var file = File.OpenRead(path);
        if (file.Length != parts.Sum(part => (long)part.Length * sizeof(float))) return false;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
        {
            var bytes = MemoryMarshal.AsBytes(part.Span);
            file.ReadExactly(bytes);
            hash.AppendData(bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset()) == expected;
    }

    private static string Root(string runFolder) => Path.Combine(runFolder, "checkpoints");

    // Newest first.
    private static IEnumerable<string> Folders(string runFolder) => Directory.Exists(Root(runFolder))
        ? Directory.GetDirectories(Root(runFolder), "step-*").OrderDescending(StringComparer.Ordinal)
        : [];
}
