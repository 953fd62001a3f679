using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Hearth.Inference;

/// <summary>
/// Names the content of a full KV block: a SHA-256 over everything that changes its values. The chain starts from a <see cref="PrefixRoot"/>; each block adds
/// its parent's hash, its tokens, and the content of what begins in it and is no text.
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

    /// <summary>The hash of texts in order. Their lengths count, so that ("a", "bc") differs from ("ab", "c"), and null from nothing.</summary>
    internal static PrefixHash Of(params ReadOnlySpan<string?> parts)
    {
        var text = new StringBuilder();
        foreach (string? part in parts) text.Append(part?.Length ?? -1).Append(':').Append(part);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()), digest);
        return new(digest);
    }

    /// <summary>The hash of the block after this one.</summary>
    /// <param name="blockTokens">Its tokens.</param>
    /// <param name="inputs">What begins in it and is no text, with positions counted from the block's first.</param>
    public PrefixHash Next(ReadOnlySpan<int> blockTokens, params ReadOnlySpan<PromptInput> inputs)
    {
        Span<byte> input = stackalloc byte[2 * SHA256.HashSizeInBytes + blockTokens.Length * sizeof(int)];
        Write(input);
        MemoryMarshal.AsBytes(blockTokens).CopyTo(input[SHA256.HashSizeInBytes..]);
        // Text alone has a shorter hash input than text with something in it.
        if (inputs.IsEmpty) input = input[..^SHA256.HashSizeInBytes];
        else OfInputs(inputs).Write(input[^SHA256.HashSizeInBytes..]);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, digest);
        return new(digest);
    }

    private static PrefixHash OfInputs(ReadOnlySpan<PromptInput> inputs)
    {
        string?[] parts = new string?[2 * inputs.Length];
        for (int i = 0; i < inputs.Length; i++) (parts[2 * i], parts[2 * i + 1]) = (inputs[i].Position.ToString(CultureInfo.InvariantCulture), inputs[i].ContentHash);
        return Of(parts);
    }

    private void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, _a);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], _d);
    }
}
