using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Hearth.Inference;

/// <summary>
/// Names the content of a full KV block: a SHA-256 over everything that changes its values. The chain starts from a root of numerics id, adapter
/// content and isolation key; each block adds its parent's hash and its tokens.
/// </summary>
/// <remarks>256 bits, because tenants choose the tokens: a collision would show one tenant's values to another.</remarks>
public readonly record struct PrefixHash
{
    private readonly ulong _a, _b, _c, _d;

    private PrefixHash(ReadOnlySpan<byte> digest)
    {
        _a = BinaryPrimitives.ReadUInt64LittleEndian(digest);
        _b = BinaryPrimitives.ReadUInt64LittleEndian(digest[8..]);
        _c = BinaryPrimitives.ReadUInt64LittleEndian(digest[16..]);
        _d = BinaryPrimitives.ReadUInt64LittleEndian(digest[24..]);
    }

    /// <summary>The parent of a sequence's first block.</summary>
    /// <param name="numericsId">Which arithmetic wrote the values (E0).</param>
    /// <param name="adapterHash">SHA-256 of the adapter's content, or null for the base model.</param>
    /// <param name="isolationKey">Splits the cache between tenants, or null.</param>
    public static PrefixHash Root(string numericsId, string? adapterHash, string? isolationKey)
    {
        // Lengths go before the texts: ("a", "bc") and ("ab", "c") are different roots.
        var text = new StringBuilder("hearth-prefix-1");
        foreach (var part in (ReadOnlySpan<string?>)[numericsId, adapterHash, isolationKey])
            text.Append('|').Append(part?.Length ?? -1).Append(':').Append(part);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()), digest);
        return new(digest);
    }

    /// <summary>The hash of the block after this one.</summary>
    public PrefixHash Next(ReadOnlySpan<int> blockTokens)
    {
        Span<byte> input = stackalloc byte[32 + blockTokens.Length * sizeof(int)];
        BinaryPrimitives.WriteUInt64LittleEndian(input, _a);
        BinaryPrimitives.WriteUInt64LittleEndian(input[8..], _b);
        BinaryPrimitives.WriteUInt64LittleEndian(input[16..], _c);
        BinaryPrimitives.WriteUInt64LittleEndian(input[24..], _d);
        MemoryMarshal.AsBytes(blockTokens).CopyTo(input[32..]);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, digest);
        return new(digest);
    }
}
