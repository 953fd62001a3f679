using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Hearth.ControlPlane;

/// <summary>How a dataset is divided: <paramref name="First"/> gets <paramref name="Fraction"/> of the rows, or <paramref name="Rows"/> of them; the rest is the second's.</summary>
/// <param name="Dataset">Settings of both parts.</param>
public sealed record DatasetSplit(ResourceName First, ResourceName Second, DatasetRecord Dataset, double? Fraction, long? Rows, long Seed);

/// <summary>
/// Which rows the first part gets: those with the lowest hash of seed and content. The order of the rows plays no part, and equal rows, having equal
/// hashes, are never on both sides.
/// </summary>
internal sealed class SplitDraw
{
    private readonly List<ulong> _hashes = [];
    private ulong _last;
    private bool _none;

    private SplitDraw()
    {
    }

    public bool IsFirst(int row) => !_none && _hashes[row] <= _last;

    public static SplitDraw Of(Stream file, DatasetSplit split, CancellationToken cancellationToken)
    {
        var draw = new SplitDraw();
        using (file)
        {
            foreach (var row in RowReader.Walk(file))
            {
                cancellationToken.ThrowIfCancellationRequested();
                draw._hashes.Add(Hash(split.Seed, row.Bytes.Span));
            }
        }
        var count = split.Rows ?? (long)Math.Round(split.Fraction!.Value * draw._hashes.Count, MidpointRounding.AwayFromZero);
        draw._none = count <= 0;
        if (draw._none) return draw;
        var sorted = draw._hashes.ToArray();
        Array.Sort(sorted);
        draw._last = sorted[(int)Math.Min(count, sorted.Length) - 1];
        return draw;
    }

    private static ulong Hash(long seed, ReadOnlySpan<byte> line)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> head = stackalloc byte[sizeof(long)], digest = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt64LittleEndian(head, seed);
        hash.AppendData(head);
        hash.AppendData(line);
        hash.GetHashAndReset(digest);
        return BinaryPrimitives.ReadUInt64BigEndian(digest);
    }
}
