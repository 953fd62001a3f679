using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Hearth.Models;
using Hearth.Numerics;

namespace Hearth.Training;

/// <summary>
/// Everything that a pre-training run resumes from: step, next curriculum row, weights and both moments. One file, written beside the old one and renamed, so
/// that a kill at any moment leaves a whole checkpoint.
/// </summary>
internal static class PretrainCheckpoint
{
    private static ReadOnlySpan<byte> Magic => "HPRETR01"u8;

    public static void Save(string path, int step, long nextRow, ParameterSet parameters, AdamWOptimizer optimizer)
    {
        string temporary = path + ".tmp";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            Span<byte> header = stackalloc byte[32];
            Magic.CopyTo(header);
            BinaryPrimitives.WriteInt32LittleEndian(header[8..], step);
            BinaryPrimitives.WriteInt32LittleEndian(header[12..], parameters.Length);
            BinaryPrimitives.WriteInt64LittleEndian(header[16..], nextRow);
            file.Write(header);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(header);
            foreach (var part in Parts(parameters, optimizer))
            {
                var bytes = MemoryMarshal.AsBytes(part.Span);
                file.Write(bytes);
                hash.AppendData(bytes);
            }
            file.Write(hash.GetHashAndReset());
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
    }

    /// <returns>Steps done and the next curriculum row.</returns>
    /// <exception cref="InvalidDataException">The file is of another model or damaged.</exception>
    public static (int Step, long NextRow) Load(string path, ParameterSet parameters, AdamWOptimizer optimizer)
    {
        using var file = File.OpenRead(path);
        Span<byte> header = stackalloc byte[32];
        file.ReadExactly(header);
        if (!header[..8].SequenceEqual(Magic)) throw new InvalidDataException($"'{Path.GetFileName(path)}' is not a pre-training checkpoint.");
        int length = BinaryPrimitives.ReadInt32LittleEndian(header[12..]);
        if (length != parameters.Length)
            throw new InvalidDataException($"Checkpoint '{Path.GetFileName(path)}' holds {length} values, the recipe's model {parameters.Length}. Use the recipe it was made with, or another output folder.");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header);
        foreach (var part in Parts(parameters, optimizer))
        {
            var bytes = MemoryMarshal.AsBytes(part.Span);
            file.ReadExactly(bytes);
            hash.AppendData(bytes);
        }
        Span<byte> stored = stackalloc byte[32];
        file.ReadExactly(stored);
        if (!stored.SequenceEqual(hash.GetHashAndReset())) throw new InvalidDataException($"Checkpoint '{Path.GetFileName(path)}' is damaged: its hash does not match.");
        int step = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        optimizer.StepCount = step;
        return (step, BinaryPrimitives.ReadInt64LittleEndian(header[16..]));
    }

    private static FloatBuffer[] Parts(ParameterSet parameters, AdamWOptimizer optimizer) =>
        [parameters.Values, optimizer.FirstMoments, optimizer.SecondMoments];
}
