using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Hearth.Models;

/// <summary>The two matrices of one adapted module: y += scale * (B (A x) + bias).</summary>
public sealed record AdapterModule
{
    /// <summary>Module path in the base model: <c>model.layers.0.self_attn.q_proj</c>.</summary>
    public required string Path { get; init; }

    /// <summary>R.</summary>
    public required int Rank { get; init; }

    /// <summary>What B (A x) is multiplied by.</summary>
    public required float Scale { get; init; }

    /// <summary>Width of the module's input.</summary>
    public required int Inputs { get; init; }

    /// <summary>Width of the module's output.</summary>
    public required int Outputs { get; init; }

    /// <summary>[R, inputs], row-major.</summary>
    public required ReadOnlyMemory<float> A { get; init; }

    /// <summary>[outputs, R], row-major.</summary>
    public required ReadOnlyMemory<float> B { get; init; }

    /// <summary>The update's own bias, [outputs]; empty where it has none.</summary>
    public ReadOnlyMemory<float> Bias { get; init; }
}

/// <summary>All that an adapter changes, as numbers.</summary>
public sealed record AdapterContent
{
    /// <summary>Adapted modules in the order of the forward pass, the output head last, then experts that are adapted as one (<see cref="FusedExperts"/>). The embedding, where it is adapted, is <see cref="Embedding"/>.</summary>
    public required IReadOnlyList<AdapterModule> Modules { get; init; }

    /// <summary>Biases that replace the base model's, by module path.</summary>
    public IReadOnlyDictionary<string, float[]> Biases { get; init; } = new Dictionary<string, float[]>();

    /// <summary>An output head in place of the base model's, [V, D]; null: the base model's.</summary>
    public float[]? Head { get; init; }

    /// <summary>Embeddings in place of the base model's, [V, D]; null: the base model's.</summary>
    public float[]? EmbeddingTable { get; init; }

    /// <summary>Embeddings of single tokens in place of the table's, [D] each.</summary>
    public IReadOnlyDictionary<int, ReadOnlyMemory<float>> TokenRows { get; init; } = new Dictionary<int, ReadOnlyMemory<float>>();

    /// <summary>The low-rank update of the embeddings, with the vocabulary as its inputs; null: none.</summary>
    public AdapterModule? Embedding { get; init; }

    /// <summary>
    /// SHA-256 over every number that has an effect, in lower-case hexadecimal: the same content has the same hash whatever the type or order in which a file stores it, and another scale
    /// has another one.
    /// </summary>
    public string ComputeHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var module in Modules.OrderBy(module => module.Path, StringComparer.Ordinal)) Append(hash, module);
        if (Embedding is not null) Append(hash, Embedding);
        foreach (var (path, bias) in Biases.OrderBy(pair => pair.Key, StringComparer.Ordinal)) Append(hash, "bias " + path, bias);
        if (Head is not null) Append(hash, "head", Head);
        if (EmbeddingTable is not null) Append(hash, "table", EmbeddingTable);
        foreach (var (token, row) in TokenRows.OrderBy(pair => pair.Key)) Append(hash, FormattableString.Invariant($"token {token}"), row.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, AdapterModule module)
    {
        Append(hash, FormattableString.Invariant($"module {module.Path} {module.Rank} {BitConverter.SingleToUInt32Bits(module.Scale):x8}"), module.A.Span);
        Append(hash, "B", module.B.Span);
        if (!module.Bias.IsEmpty) Append(hash, "update bias", module.Bias.Span);
    }

    // Names and lengths in front of the numbers, so that no two contents read alike.
    private static void Append(IncrementalHash hash, string name, ReadOnlySpan<float> values)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, values.Length);
        hash.AppendData(Encoding.UTF8.GetBytes(name + "\n"));
        hash.AppendData(length);
        hash.AppendData(MemoryMarshal.AsBytes(values));
    }
}
