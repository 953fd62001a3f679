using System.IO.Compression;
using System.Text;

namespace Hearth.ControlPlane;

/// <summary>
/// Looks through an uploaded <c>.tar.gz</c> without unpacking it, within bounds that hold while it streams (rule S6): entries, expanded bytes, ratio; no
/// links, no devices, no name that leads out of the folder.
/// </summary>
public static class CodeArchive
{
    public const int MaxEntries = 10_000;
    public const long MaxExpandedBytes = 1L << 30;
    /// <summary>Expanded to packed bytes, counted beyond <see cref="RatioFloorBytes"/>.</summary>
    public const int MaxRatio = 100;
    public const long RatioFloorBytes = 16L << 20;

    private const int MaxDockerfileBytes = 1 << 20;

    /// <param name="packed">The archive; read to its end.</param>
    /// <param name="packedBytes">Its size.</param>
    public static CodeCheck Check(Stream packed, long packedBytes, string entryPoint, CancellationToken cancellationToken)
    {
        var scan = new Scan(entryPoint, packedBytes);
        try
        {
            using var expanded = new GZipStream(packed, CompressionMode.Decompress);
            using var bounded = new BoundedStream(expanded, scan.Count, cancellationToken);
            var headers = new TarHeaders(bounded);
            while (headers.Next() is { } item) scan.Add(item, headers);
        }
        catch (OutOfBoundsException beyond)
        {
            scan.Fault(beyond.Message);
        }
        catch (Exception broken) when (broken is InvalidDataException or IOException or OverflowException)
        {
            scan.Fault("The file is not a whole .tar.gz archive. Pack the project's folder with tar -czf and upload it again.");
        }
        return scan.ToCheck();
    }

    private sealed class Scan(string entryPoint, long packedBytes)
    {
        private readonly List<string> _faults = [];
        private readonly StringBuilder _log = new();
        private readonly string _entryFile = entryPoint.Split("::")[0];
        private int _entries;
        private long _expanded;
        private bool _hasEntryFile, _hasRequirements;

        public void Fault(string fault) => _faults.Add(fault);

        /// <summary>Counts expanded bytes as they come, headers and padding included.</summary>
        public void Count(int bytes)
        {
            _expanded += bytes;
            if (_expanded > MaxExpandedBytes) throw new OutOfBoundsException($"The archive expands to more than {MaxExpandedBytes >> 20} MB. Leave data and environments out.");
            if (_expanded > RatioFloorBytes && _expanded / MaxRatio > packedBytes) throw new OutOfBoundsException($"The archive expands to more than {MaxRatio} times its size. Leave generated files out.");
        }

        public void Add(TarItem item, TarHeaders headers)
        {
            if (++_entries > MaxEntries) throw new OutOfBoundsException($"The archive has more than {MaxEntries:N0} entries. Leave environments and caches out.");
            if (!CodeCheck.IsRelative(item.Path)) throw new OutOfBoundsException($"The archive's entry '{item.Path}' leads out of its folder. Pack relative paths only.");
            if (item.Kind == TarKind.Folder) return;
            if (item.Kind != TarKind.File) throw new OutOfBoundsException($"The archive's entry '{item.Path}' is a {item.Kind}. Pack plain files and folders only.");
            // The archive's root is the project's folder.
            var path = item.Path.StartsWith("./", StringComparison.Ordinal) ? item.Path[2..] : item.Path;
            path = path.Contains('/') ? path[(path.IndexOf('/') + 1)..] : path;
            _hasEntryFile |= path == _entryFile;
            _hasRequirements |= path == "requirements.txt";
            if (path == "Dockerfile") AddDockerfile(item, headers);
        }

        private void AddDockerfile(TarItem item, TarHeaders headers)
        {
            if (item.Bytes > MaxDockerfileBytes) throw new OutOfBoundsException("The Dockerfile is larger than 1 MB.");
            _faults.AddRange(Dockerfile.Faults(Encoding.UTF8.GetString(headers.Read(item))));
        }

        public CodeCheck ToCheck()
        {
            if (_faults.Count == 0 && _entryFile == "") Fault("The evaluator has no entryPoint. Set it to path/test_file.py::test_function.");
            else if (_faults.Count == 0 && !_hasEntryFile) Fault($"The archive has no file {_entryFile}, which entryPoint names. Paths are relative to the archive's one top folder.");
            _log.AppendLine($"archive: {packedBytes} bytes, {_entries} entries, {_expanded} bytes expanded");
            _log.AppendLine($"entry point: {entryPoint}{(_hasEntryFile ? ", found" : "")}");
            _log.AppendLine(_hasRequirements ? "requirements.txt: found" : "requirements.txt: none");
            foreach (var fault in _faults) _log.AppendLine($"fault: {fault}");
            return new(_faults, _log.ToString());
        }
    }

    private sealed class OutOfBoundsException(string message) : Exception(message);

    /// <summary>Reads on; tells how much.</summary>
    private sealed class BoundedStream(Stream inner, Action<int> count, CancellationToken cancellationToken) : Stream
    {
        public override int Read(Span<byte> buffer)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var read = inner.Read(buffer);
            count(read);
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
