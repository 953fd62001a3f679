using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Hearth.Numerics;

/// <summary>
/// A weight matrix W [N outputs, K inputs], laid out for the products y = x W^T and dx = dy W.
/// </summary>
/// <remarks>
/// Panels of 32 outputs, one after the other; the last one is filled up with zero columns, K never is (E1). Inside a panel, by k:
/// F32: 32 floats. F16: 32 halves. BF16: 16 words, word j holding output j below and output j + 16 above, so that one shift
/// and one mask widen it. Quantised, for every 32 k: 32 float16 scales, Q4_1 also 32 float16 minima, then the codes: for Q8_0 by k 32 bytes; for Q4
/// by eight k 32 words, a word holding the eight codes of an output from its lowest bits on. Q4_K, for every 256 k: 32 float16 scales,
/// 32 minima, then eight times 32 + 32 bytes of their codes and 32 k as Q4_0 has them. Q6_K, for every 256 k: 32 float16 scales, then sixteen times 32 signed
/// bytes of scale codes and twice eight k: 32 words of five codes (less 32, in two's complement) and two bits, 32 half words of the rest.
/// </remarks>
public sealed unsafe partial class PackedWeight : IDisposable
{
    /// <summary>Outputs in a panel.</summary>
    public const int PanelOutputs = 32;

    private const long ParallelBytes = 1 << 20; // less is packed sooner than threads wake

    private readonly NativeBlock? _block;
    private readonly MappedMemory? _mapped;
    private readonly long _offset;

    private PackedWeight(WeightType type, int outputs, int inputs, MappedMemory? mapped = null, long offset = 0)
    {
        Bytes = SizeOf(type, outputs, inputs);
        (Type, Outputs, Inputs) = (type, outputs, inputs);
        PanelBytes = PanelSize(type, inputs);
        (_mapped, _offset) = (mapped, offset);
        if (mapped is null) _block = new NativeBlock(Bytes);
    }

    /// <summary>N: values that the product gives for a row.</summary>
    public int Outputs { get; }

    /// <summary>K: values that the product takes for a row.</summary>
    public int Inputs { get; }

    /// <summary>How values are stored.</summary>
    public WeightType Type { get; }

    /// <summary>Memory held, its own or a mapped file's.</summary>
    public long Bytes { get; }

    internal int Panels => (Outputs + PanelOutputs - 1) / PanelOutputs;

    internal long PanelBytes { get; }

    internal byte* Data => _block != null ? (byte*)_block.Pointer : _mapped!.At(_offset, Bytes);

    /// <summary>Packs rows as they lie in a file: [N, K] values of F32, BF16 or F16, or N rows of GGUF blocks along K.</summary>
    /// <exception cref="ArgumentException">The bytes are not outputs x inputs values of the type.</exception>
    public static PackedWeight Pack(WeightType type, ReadOnlySpan<byte> rows, int outputs, int inputs)
    {
        long rowBytes = type.RowBytes(inputs);
        if (rows.Length != rowBytes * outputs)
            throw new ArgumentException($"A {type} weight of {outputs} x {inputs} has {rowBytes * outputs} bytes, but {rows.Length} were given.", nameof(rows));
        var packed = new PackedWeight(type, outputs, inputs);
        fixed (byte* source = rows)
        {
            byte* first = source; // a lambda cannot hold a fixed local
            if (packed.Bytes < ParallelBytes)
                for (int panel = 0; panel < packed.Panels; panel++) packed.PackPanel(first, rowBytes, panel);
            else Parallel.For(0, packed.Panels, panel => packed.PackPanel(first, rowBytes, panel));
        }
        return packed;
    }

    /// <summary>Packs float32 rows [N, K], as they are or rounded to bfloat16 (nearest, ties to even).</summary>
    /// <exception cref="ArgumentException">Another target type, or not outputs x inputs values.</exception>
    public static PackedWeight PackFloat32(ReadOnlySpan<float> rows, int outputs, int inputs, WeightType target = WeightType.F32)
    {
        if (target == WeightType.F32) return Pack(target, MemoryMarshal.AsBytes(rows), outputs, inputs);
        if (target != WeightType.BF16)
            throw new ArgumentException($"float32 rows can be packed as F32 or BF16, not as {target}: quantise them when the file is written.", nameof(target));
        var rounded = new ushort[rows.Length];
        for (int i = 0; i < rows.Length; i++) rounded[i] = Widening.ToBFloat16(rows[i]);
        return Pack(target, MemoryMarshal.AsBytes(rounded.AsSpan()), outputs, inputs);
    }

    /// <summary>Writes row <paramref name="output"/> [K], widened: the embedding of a token where the table is tied.</summary>
    /// <exception cref="ArgumentException">No such row, or the destination has not K values.</exception>
    public void WriteRow(int output, Span<float> destination)
    {
        if ((uint)output >= (uint)Outputs)
            throw new ArgumentOutOfRangeException(nameof(output), $"Row {output} is not in a weight with {Outputs} rows.");
        if (destination.Length != Inputs)
            throw new ArgumentException($"A row of this weight has {Inputs} values, the destination {destination.Length}.", nameof(destination));
        byte* panel = Data + output / PanelOutputs * PanelBytes;
        int column = output % PanelOutputs;
        for (int k = 0; k < destination.Length; k++) destination[k] = Widening.Read(Type, panel, k, column);
        GC.KeepAlive(this);
    }

    /// <summary>Frees the memory; a mapping is its owner's to release.</summary>
    public void Dispose() => _block?.Dispose();

    private static long PanelSize(WeightType type, int inputs) => type switch
    {
        WeightType.F32 => 128L * inputs,
        WeightType.BF16 or WeightType.F16 => 64L * inputs,
        WeightType.Q8_0 => (long)Widening.Q8BlockBytes * (inputs / 32),
        WeightType.Q4_0 => (long)Widening.Q40BlockBytes * (inputs / 32),
        WeightType.Q4_1 => (long)Widening.Q41BlockBytes * (inputs / 32),
        WeightType.Q4_K => (long)Widening.Q4KBlockBytes * (inputs / 256),
        WeightType.Q6_K => (long)Widening.Q6KBlockBytes * (inputs / 256),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Unknown weight type."),
    };

    private void PackPanel(byte* rows, long rowBytes, int panel)
    {
        int end = Math.Min(Outputs, (panel + 1) * PanelOutputs);
        for (int output = panel * PanelOutputs; output < end; output++) PackRow(rows + output * rowBytes, output);
    }

    private void PackRow(byte* row, int output)
    {
        byte* panel = Data + output / PanelOutputs * PanelBytes;
        int column = output % PanelOutputs;
        switch (Type)
        {
            case WeightType.F32:
                for (int k = 0; k < Inputs; k++) ((uint*)panel)[k * 32 + column] = BinaryPrimitives.ReadUInt32LittleEndian(new(row + 4 * k, 4));
                break;
            case WeightType.BF16:
                int slot = Widening.BFloat16Slot(column);
                for (int k = 0; k < Inputs; k++) ((ushort*)panel)[k * 32 + slot] = BinaryPrimitives.ReadUInt16LittleEndian(new(row + 2 * k, 2));
                break;
            case WeightType.F16:
                for (int k = 0; k < Inputs; k++) ((ushort*)panel)[k * 32 + column] = BinaryPrimitives.ReadUInt16LittleEndian(new(row + 2 * k, 2));
                break;
            case WeightType.Q8_0:
                for (int b = 0; b < Inputs / 32; b++) PackQ8(row + 34 * b, panel + Widening.Q8BlockBytes * b, column);
                break;
            case WeightType.Q4_0:
                for (int b = 0; b < Inputs / 32; b++) PackQ4(row + 18 * b, scales: 1, panel + Widening.Q40BlockBytes * b, column);
                break;
            case WeightType.Q4_1:
                for (int b = 0; b < Inputs / 32; b++) PackQ4(row + 20 * b, scales: 2, panel + Widening.Q41BlockBytes * b, column);
                break;
            case WeightType.Q4_K:
                for (int b = 0; b < Inputs / 256; b++) PackQ4K(row + 144 * b, panel + Widening.Q4KBlockBytes * b, column);
                break;
            case WeightType.Q6_K:
                for (int b = 0; b < Inputs / 256; b++) PackQ6K(row + 210 * b, panel + Widening.Q6KBlockBytes * b, column);
                break;
        }
    }

    private static void PackQ8(byte* block, byte* packed, int column)
    {
        ((ushort*)packed)[column] = BinaryPrimitives.ReadUInt16LittleEndian(new(block, 2));
        for (int k = 0; k < 32; k++) packed[64 + k * 32 + column] = block[2 + k];
    }

    private static void PackQ4(byte* block, int scales, byte* packed, int column)
    {
        for (int s = 0; s < scales; s++) ((ushort*)packed)[s * 32 + column] = BinaryPrimitives.ReadUInt16LittleEndian(new(block + 2 * s, 2));
        uint* words = (uint*)(packed + 64 * scales) + column;
        for (int k = 0; k < 32; k++)
        {
            // A GGUF byte j holds elements j (lower nibble) and j + 16.
            int code = k < 16 ? block[2 * scales + k] & 15 : block[2 * scales + k - 16] >> 4;
            words[k / 8 * 32] |= (uint)code << 4 * (k % 8);
        }
    }
}
