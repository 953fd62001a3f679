using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Hearth.Training;

/// <summary>
/// Rows held out for evaluation: 10 %, 1 to 1,000, none of fewer than 20. Chosen by hash of the row's tokens and the seed, so that the choice does not
/// depend on the order of rows and equal rows lie on one side.
/// </summary>
public static class EvaluationCarveout
{
    /// <summary>Fewest rows of which some are held out.</summary>
    public const int MinRows = 20;
    private const int MaxHeldOut = 1000;

    /// <summary>Rows to train on and rows to evaluate on, each in the order of the file.</summary>
    public static (IReadOnlyList<TokenizedRow> Training, IReadOnlyList<TokenizedRow> Evaluation) Split(IReadOnlyList<TokenizedRow> rows, ulong seed)
    {
        if (rows.Count < MinRows) return (rows, []);
        var ranked = rows.Select((row, index) => (Hash: Hash(row, seed), index)).OrderBy(row => row.Hash).ThenBy(row => row.index).ToList();
        // Equal rows have one hash: the cut moves back to where a hash begins.
        int count = Math.Clamp(rows.Count / 10, 1, MaxHeldOut);
        while (count > 0 && ranked[count - 1].Hash == ranked[count].Hash) count--;
        var heldOut = ranked.Take(count).Select(row => row.index).ToHashSet();
        return ([.. rows.Where((_, index) => !heldOut.Contains(index))], [.. rows.Where((_, index) => heldOut.Contains(index))]);
    }

    private static UInt128 Hash(TokenizedRow row, ulong seed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[32];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, seed);
        hash.AppendData(bytes[..8]);
        hash.AppendData(MemoryMarshal.AsBytes<int>(row.TokenIds));
        hash.AppendData(MemoryMarshal.AsBytes<float>(row.LossWeights));
        hash.GetHashAndReset(bytes);
        return BinaryPrimitives.ReadUInt128LittleEndian(bytes);
    }
}
