namespace Hearth.Numerics;

/// <summary>
/// Bump allocation for one step: everything taken is given back at once by <see cref="Reset"/>. Grows by adding blocks, which
/// <see cref="Reset"/> merges into one, so that a steady state allocates nothing.
/// </summary>
public sealed class Arena : IDisposable
{
    private const int AlignmentFloats = 16; // 64 bytes
    private readonly List<NativeBlock> _blocks = [];
    private long _offset;
    private long _taken;

    /// <summary>Starts with room for <paramref name="floats"/> values.</summary>
    public Arena(long floats = 1 << 16) => AddBlock(floats);

    /// <summary>Floats taken since the last reset, padding included.</summary>
    public long Taken => _taken;

    /// <summary>Floats of native memory held.</summary>
    public long Capacity => _blocks.Sum(block => block.Bytes / sizeof(float));

    /// <summary>Takes <paramref name="length"/> values, 64-byte aligned. Their content is undefined.</summary>
    public FloatBuffer Take(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        long padded = ((long)length + AlignmentFloats - 1) / AlignmentFloats * AlignmentFloats;
        if ((_offset + padded) * sizeof(float) > _blocks[^1].Bytes) AddBlock(Math.Max(padded, Capacity));
        var view = _blocks[^1].Floats(_offset, length);
        _offset += padded;
        _taken += padded;
        return view;
    }

    /// <summary>Takes <paramref name="rows"/> x <paramref name="columns"/> values.</summary>
    public FloatBuffer Take(int rows, int columns) => Take(checked(rows * columns));

    /// <summary>Takes <paramref name="length"/> whole numbers. Their content is undefined.</summary>
    public IntBuffer TakeIntegers(int length) => Take(length).AsIntegers();

    /// <summary>Takes zeroed values.</summary>
    public FloatBuffer TakeZeroed(int length)
    {
        var view = Take(length);
        view.Span.Clear();
        return view;
    }

    /// <summary>A point to return to with <see cref="Release"/>.</summary>
    public ArenaMark Mark() => new(_blocks.Count, _offset, _taken);

    /// <summary>Gives back everything taken since <paramref name="mark"/>; only blocks added since then stay unused until <see cref="Reset"/>.</summary>
    public void Release(ArenaMark mark)
    {
        if (mark.Blocks != _blocks.Count) return; // the arena grew in between: the rest is given back by Reset
        _offset = mark.Offset;
        _taken = mark.Taken;
    }

    /// <summary>Gives everything back. Buffers taken before must no longer be used.</summary>
    public void Reset()
    {
        if (_blocks.Count > 1)
        {
            long total = Capacity;
            foreach (var block in _blocks) block.Dispose();
            _blocks.Clear();
            AddBlock(total);
        }
        _offset = 0;
        _taken = 0;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        foreach (var block in _blocks) block.Dispose();
        _blocks.Clear();
    }

    private void AddBlock(long floats)
    {
        _blocks.Add(new NativeBlock(checked(floats * sizeof(float)), zeroed: false));
        _offset = 0;
    }
}

/// <summary>A position in an <see cref="Arena"/>.</summary>
public readonly record struct ArenaMark(int Blocks, long Offset, long Taken);
