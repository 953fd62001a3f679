namespace Hearth.Models;

/// <summary>One tensor of an open checkpoint: its description and its bytes. Valid until the checkpoint is disposed.</summary>
public readonly struct TensorView
{
    private readonly MappedFile? _file;
    private readonly long _offset;
    private readonly byte[]? _copy;

    internal TensorView(string name, TensorType type, long[] shape, MappedFile file, long offset, long byteLength)
        : this(name, type, shape, byteLength) => (_file, _offset) = (file, offset);

    internal TensorView(string name, TensorType type, long[] shape, byte[] copy)
        : this(name, type, shape, copy.LongLength) => _copy = copy;

    private TensorView(string name, TensorType type, long[] shape, long byteLength) =>
        (Name, Type, Shape, ByteLength) = (name, type, shape, byteLength);

    /// <summary>Name in the checkpoint; from <see cref="ModelFiles"/> the Hugging Face name.</summary>
    public string Name { get; }

    /// <summary>Encoding of the values.</summary>
    public TensorType Type { get; }

    /// <summary>Outermost dimension first, as in Hugging Face: a linear weight is [outputs, inputs].</summary>
    public long[] Shape { get; }

    /// <summary>Size in bytes.</summary>
    public long ByteLength { get; }

    /// <summary>Number of values: the product of the shape.</summary>
    public long Count => Shape.Aggregate(1L, (product, dimension) => checked(product * dimension));

    /// <summary>All bytes, row-major; a row of a block type is its blocks in order.</summary>
    /// <exception cref="NotSupportedException">The tensor has 2 GiB or more; read it by rows.</exception>
    public ReadOnlySpan<byte> Bytes => ByteLength <= int.MaxValue
        ? Slice(0, (int)ByteLength)
        : throw new NotSupportedException($"Tensor '{Name}' has {ByteLength} bytes, too many for one span. Read it with RowBytes.");

    /// <summary>Bytes of <paramref name="count"/> rows (runs of the last dimension) from row <paramref name="first"/>.</summary>
    public ReadOnlySpan<byte> RowBytes(long first, int count)
    {
        var row = Type.ByteLength(Shape.Length == 0 ? 1 : Shape[^1]);
        return Slice(checked(first * row), checked((int)(count * row)));
    }

    /// <summary>Widens all values to float32. Quantised blocks give the values of the format's reference.</summary>
    /// <exception cref="ArgumentException">The destination has another length than <see cref="Count"/>.</exception>
    /// <exception cref="NotSupportedException">The type cannot be widened.</exception>
    public void ReadFloat32(Span<float> destination)
    {
        if (destination.Length != Count)
            throw new ArgumentException($"Tensor '{Name}' has {Count} values, the destination holds {destination.Length}.", nameof(destination));
        if (!Type.IsReadable())
            throw new NotSupportedException($"Tensor '{Name}' is stored as {Type}, which is not supported. Supported are {TensorTypes.Readable}.");
        GgufBlocks.Dequantize(Type, Bytes, destination);
    }

    /// <summary>All values as a new array of float32.</summary>
    public float[] ToFloat32()
    {
        var values = new float[checked((int)Count)];
        ReadFloat32(values);
        return values;
    }

    /// <summary>The same tensor under another name.</summary>
    internal TensorView WithName(string name) => _copy is not null ? new(name, Type, Shape, _copy) : new(name, Type, Shape, _file!, _offset, ByteLength);

    /// <summary>The part of this index in the first dimension, without that dimension.</summary>
    internal TensorView Part(int index)
    {
        if (_file is null || Shape.Length < 2 || (ulong)index >= (ulong)Shape[0]) throw new ArgumentOutOfRangeException(nameof(index), $"Tensor '{Name}' has no part {index}.");
        var bytes = ByteLength / Shape[0];
        return new(Name, Type, Shape[1..], _file, _offset + index * bytes, bytes);
    }

    private ReadOnlySpan<byte> Slice(long offset, int length) =>
        _copy is not null ? _copy.AsSpan(checked((int)offset), length) : InFile(offset, length);

    private ReadOnlySpan<byte> InFile(long offset, int length)
    {
        if (_file is null) throw new InvalidOperationException("This tensor view is empty.");
        if (offset < 0 || offset > ByteLength - length)
            throw new ArgumentOutOfRangeException(nameof(offset), $"Tensor '{Name}' has {ByteLength} bytes; {offset}..+{length} is outside.");
        return _file.Span(_offset + offset, length);
    }
}
