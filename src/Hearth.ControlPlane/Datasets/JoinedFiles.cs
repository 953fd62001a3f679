namespace Hearth.ControlPlane;

/// <summary>Several files as one, one after the other; it knows which line of which file each of its lines is.</summary>
internal sealed class JoinedFiles(BlobDraft draft) : IAsyncDisposable
{
    private readonly List<DatasetFile> _files = [];
    private readonly byte[] _buffer = new byte[1 << 16];
    private long _bytes, _lines;
    private byte _last = (byte)'\n';

    public BlobDraft Draft => draft;

    public IReadOnlyList<DatasetFile> Files => _files;

    public async ValueTask AddAsync(string name, Stream file, CancellationToken cancellationToken)
    {
        // A last line without its end must not run into this file's first.
        if (_last != '\n') await WriteAsync("\n"u8.ToArray(), cancellationToken);
        var (start, firstLine) = (_bytes, _lines + 1);
        int read;
        while ((read = await file.ReadAsync(_buffer, cancellationToken)) > 0) await WriteAsync(_buffer.AsMemory(0, read), cancellationToken);
        _files.Add(new(name, start, _bytes - start, firstLine));
    }

    /// <summary>A fault of the whole as one of the file that it is in.</summary>
    public RowFault Locate(RowFault fault)
    {
        var file = _files.Last(file => file.Offset <= fault.Offset);
        return fault with { File = file.FileName, Line = fault.Line - file.FirstLine + 1, Offset = fault.Offset - file.Offset };
    }

    public ValueTask DisposeAsync() => draft.DisposeAsync();

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await draft.Content.WriteAsync(bytes, cancellationToken);
        _bytes += bytes.Length;
        _lines += bytes.Span.Count((byte)'\n');
        _last = bytes.Span[^1];
    }
}
