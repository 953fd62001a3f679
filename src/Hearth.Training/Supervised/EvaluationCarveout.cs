using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Hearth.Training;

/// <summary>
/// Rows held out for evaluation: 10 %, 1 to 1,000, none of fewer than 20. Chosen by hash of the row's tokens and the seed, so that the choice does not
/// depend on the order of rows and equal rows lie on one side, as do the examples that one row of a file was unrolled into.
/// </summary>
public static class EvaluationCarveout
{
    /// <summary>Fewest rows of which some are held out.</summary>
    public const int MinRows = 20;
    private const int MaxHeldOut = 1000;

    /// <summary>Rows to train on and rows to evaluate on, each in the order of the file.</summary>
    public static (IReadOnlyList<TokenizedRow> Training, IReadOnlyList<TokenizedRow> Evaluation) Split(IReadOnlyList<TokenizedRow> rows, ulong seed)
    {
        var lines = rows.GroupBy(row => row.SourceLine).Select(line => (Hash: Hash(line, seed), Line: line.Key)).ToList();
        if (lines.Count < MinRows) return (rows, []);
        var ranked = lines.OrderBy(line => line.Hash).ThenBy(line => line.Line).ToList();
        // Equal rows have one hash: the cut moves back to where a hash begins.
        int count = Math.Clamp(lines.Count / 10, 1, MaxHeldOut);
        while (count > 0 && ranked[count - 1].Hash == ranked[count].Hash) count--;
        var heldOut = ranked.Take(count).Select(line => line.Line).ToHashSet();
        return ([.. rows.Where(row => !heldOut.Contains(row.SourceLine))], [.. rows.Where(row => heldOut.Contains(row.SourceLine))]);
    }

    private static UInt128 Hash(IEnumerable<TokenizedRow> examples, ulong seed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[32];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, seed);
        hash.AppendData(bytes[..8]);
        foreach (var example in examples)
        {
            hash.AppendData(MemoryMarshal.AsBytes<int>(example.TokenIds));
            hash.AppendData(MemoryMarshal.AsBytes<float>(example.LossWeights));
        }
        hash.GetHashAndReset(bytes);
        return BinaryPrimitives.ReadUInt128LittleEndian(bytes);
    }
}
