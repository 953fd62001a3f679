namespace Hearth.Numerics;

/// <summary>Packed bytes as they lie in a file: the same in memory and on disk, so that a file can be mapped and used as it is.</summary>
public sealed unsafe partial class PackedWeight
{
    /// <summary>
    /// Number of the layout that the class describes. Files of packed weights carry it and are made anew where it differs: raise it whenever
    /// a packed byte changes place or meaning (a test compares hashes of packed samples with those of this number).
    /// </summary>
    public const int LayoutVersion = 3;

    /// <summary>A weight over packed bytes that lie in a mapped file; its memory is the mapping's, which must live as long.</summary>
    /// <param name="memory">The mapping.</param>
    /// <param name="offset">First byte; a multiple of 64.</param>
    /// <param name="type">How values are stored.</param>
    /// <param name="outputs">N.</param>
    /// <param name="inputs">K.</param>
    /// <exception cref="ArgumentException">The bytes are not inside the file, or the offset is not aligned.</exception>
    public static PackedWeight Over(MappedMemory memory, long offset, WeightType type, int outputs, int inputs)
    {
        if (offset % 64 != 0) throw new ArgumentException($"Packed weights begin at multiples of 64 bytes, not at {offset}.", nameof(offset));
        _ = memory.At(offset, SizeOf(type, outputs, inputs));
        return new(type, outputs, inputs, memory, offset);
    }

    /// <summary>Bytes that a packed weight takes; the packed rows of a multiple of <see cref="PanelOutputs"/> outputs lie one after the other, so that parts can be packed apart.</summary>
    /// <exception cref="ArgumentException">A size is not positive, or a row is not a whole number of blocks.</exception>
    public static long SizeOf(WeightType type, int outputs, int inputs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(outputs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputs, 1);
        _ = type.RowBytes(inputs); // refuses a row that is not a whole number of blocks
        return checked(PanelSize(type, inputs) * (((long)outputs + PanelOutputs - 1) / PanelOutputs));
    }

    /// <summary>The packed bytes.</summary>
    /// <exception cref="OverflowException">There are 2 GiB or more.</exception>
    public ReadOnlySpan<byte> Contents => new(Data, checked((int)Bytes));
}
