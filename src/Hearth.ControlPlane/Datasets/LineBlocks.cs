namespace Hearth.ControlPlane;

/// <summary>Some whole lines of a file, the last one perhaps without its line feed. The memory is used again after <see cref="LineBlocks.Return"/>.</summary>
internal sealed record LineBlock(byte[] Buffer, int Length, long Offset, bool IsTooLong)
{
    public ReadOnlySpan<byte> Bytes => Buffer.AsSpan(0, Length);
}

/// <summary>Cuts a stream into blocks of whole lines.</summary>
internal sealed class LineBlocks(Stream file, int maxLineBytes)
{
    private const int BlockBytes = 256 << 10;

    private readonly Stack<byte[]> _free = [];
    private byte[] _buffer = new byte[BlockBytes];
    private int _filled;
    private bool _ended;

    /// <summary>Where the next block begins.</summary>
    public long Offset { get; private set; }

    /// <summary>The next block; null at the end. Where a line is longer than allowed, a block that says so, and nothing behind it.</summary>
    public LineBlock? Next()
    {
        while (!_ended)
        {
            if (Cut(Fill()) is { } block) return block;
        }
        return null;
    }

    public void Return(LineBlock block)
    {
        if (block.Buffer.Length == BlockBytes) _free.Push(block.Buffer);
    }

    /// <summary>Reads until the buffer is full or the file ends; answers where the new bytes begin.</summary>
    private int Fill()
    {
        var from = _filled;
        while (_filled < _buffer.Length)
        {
            var read = file.Read(_buffer, _filled, _buffer.Length - _filled);
            if (read == 0)
            {
                _ended = true;
                break;
            }
            _filled += read;
        }
        return from;
    }

    private LineBlock? Cut(int searched)
    {
        var lines = _ended ? _filled : searched + _buffer.AsSpan(searched, _filled - searched).LastIndexOf((byte)'\n') + 1;
        if (lines == searched && !_ended) return Grow();
        if (lines == 0) return null;
        var rest = _buffer.AsSpan(lines, _filled - lines);
        var next = rest.Length < BlockBytes ? Rent() : new byte[Math.Min(2L * rest.Length, maxLineBytes + 1L)];
        rest.CopyTo(next);
        var block = new LineBlock(_buffer, lines, Offset, false);
        (_buffer, _filled, Offset) = (next, rest.Length, Offset + lines);
        return block;
    }

    // One line fills the whole buffer.
    private LineBlock? Grow()
    {
        if (_filled > maxLineBytes)
        {
            _ended = true;
            return new LineBlock(_buffer, 0, Offset, true);
        }
        Array.Resize(ref _buffer, (int)Math.Min(2L * _buffer.Length, maxLineBytes + 1L));
        return null;
    }

    private byte[] Rent() => _free.TryPop(out var free) ? free : new byte[BlockBytes];
}
