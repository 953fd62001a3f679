namespace Hearth.Models;

/// <summary>A GGUF file (versions 2 and 3), mapped: metadata, tensor descriptions and aligned tensor data.</summary>
/// <remarks>Format: github.com/ggml-org/ggml/blob/master/docs/gguf.md. Shapes are turned around here: outermost dimension first.</remarks>
public sealed class GgufFile : IDisposable
{
    private const uint Magic = 0x46554747; // "GGUF"
    private const string AlignmentKey = "general.alignment";
    private const int DefaultAlignment = 32;
    private const int MaxDimensions = 4;
    private readonly MappedFile _file;
    private readonly GgufReader _reader;
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private readonly long _dataStart;

    private GgufFile(MappedFile file)
    {
        _file = file;
        _reader = new GgufReader(file);
        if (_reader.UInt32("the magic") != Magic) throw _reader.Fault("does not begin with 'GGUF'");
        Version = ReadVersion();
        var tensors = _reader.Count("the number of tensors", 24); // name length, dimensions, type and offset at least
        ReadMetadata();
        Alignment = ReadAlignment();
        for (int i = 0; i < tensors; i++) ReadTensor();
        _dataStart = (_reader.Position + Alignment - 1) / Alignment * Alignment;
        CheckLayout();
    }

    private sealed record Entry(TensorType Type, long[] Shape, long Offset, long ByteLength);

    /// <summary>Full path of the file.</summary>
    public string FilePath => Path.GetFullPath(_file.FilePath);

    /// <summary>Version of the format.</summary>
    public int Version { get; }

    /// <summary>Tensor data begins at multiples of this many bytes.</summary>
    public int Alignment { get; }

    /// <summary>Keys and values.</summary>
    public GgufMetadata Metadata { get; } = new();

    /// <summary>Tensor names in the order of the file.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>Maps a file and validates its header.</summary>
    /// <exception cref="InvalidDataException">The file is not a sound GGUF file; the message names the fault.</exception>
    public static GgufFile Open(string path)
    {
        var file = new MappedFile(path);
        try
        {
            return new GgufFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether the file has a tensor of this name.</summary>
    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <summary>A tensor by its GGUF name.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    public TensorView Get(string name) => _entries.TryGetValue(name, out var entry)
        ? new TensorView(name, entry.Type, entry.Shape, _file, _dataStart + entry.Offset, entry.ByteLength)
        : throw new KeyNotFoundException($"{_file.Name} has no tensor '{name}'.");

    /// <summary>Releases the mapping; tensors of this file become invalid.</summary>
    public void Dispose() => _file.Dispose();

    private int ReadVersion()
    {
        var version = _reader.UInt32("the version");
        if (version is 2 or 3) return (int)version;
        throw _reader.Fault(version is > 0 and <= 0xFFFF or 0 ? $"has version {version}; versions 2 and 3 are read" : "is big-endian; little-endian files are read");
    }

    private void ReadMetadata()
    {
        var count = _reader.Count("the number of keys", 13); // key length, type and one byte at least
        for (int i = 0; i < count; i++)
        {
            var key = _reader.Text("a key");
            if (!Metadata.TryAdd(key, _reader.Value(key))) throw _reader.Fault($"has the key '{key}' twice");
        }
    }

    private int ReadAlignment()
    {
        if (!Metadata.TryGet(AlignmentKey, out var value)) return DefaultAlignment;
        if (value is not uint alignment) throw _reader.Fault($"has a '{AlignmentKey}' that is not a uint32");
        return alignment is > 0 and <= 1 << 30 && (alignment & (alignment - 1)) == 0
            ? (int)alignment
            : throw _reader.Fault($"has the alignment {alignment}, which is not a power of two");
    }

    private void ReadTensor()
    {
        var name = _reader.Text("a tensor's name");
        var shape = ReadShape(name);
        var number = _reader.UInt32($"the type of tensor '{name}'");
        if (!GgufTypes.TryParse(number, out var type)) throw _reader.Fault($"stores tensor '{name}' in the unknown type {(int)number}");
        var bytes = ByteLength(name, type, shape);
        var offset = _reader.UInt64($"the offset of tensor '{name}'");
        if (offset > long.MaxValue) throw _reader.Fault($"places tensor '{name}' at {offset}, beyond its end");
        if (offset % (ulong)Alignment != 0) throw _reader.Fault($"places tensor '{name}' at {offset}, which is not a multiple of the alignment {Alignment}");
        if (!_entries.TryAdd(name, new Entry(type, shape, (long)offset, bytes))) throw _reader.Fault($"has the tensor '{name}' twice");
        _names.Add(name);
    }

    private long[] ReadShape(string name)
    {
        var dimensions = _reader.UInt32($"the number of dimensions of tensor '{name}'");
        if (dimensions > MaxDimensions) throw _reader.Fault($"gives tensor '{name}' {dimensions} dimensions; there are at most {MaxDimensions}");
        var shape = new long[dimensions];
        for (int i = shape.Length - 1; i >= 0; i--) // the file begins with the innermost dimension
        {
            var dimension = _reader.UInt64($"a dimension of tensor '{name}'");
            if (dimension is 0 or > long.MaxValue) throw _reader.Fault($"gives tensor '{name}' a dimension of {dimension}");
            shape[i] = (long)dimension;
        }
        return shape;
    }

    private long ByteLength(string name, TensorType type, long[] shape)
    {
        var row = shape.Length == 0 ? 1 : shape[^1];
        if (row % type.BlockValues() != 0) throw _reader.Fault($"gives tensor '{name}' rows of {row} values, which are not whole {type} blocks of {type.BlockValues()}");
        try
        {
            return type.ByteLength(shape.Aggregate(1L, (product, dimension) => checked(product * dimension)));
        }
        catch (OverflowException)
        {
            throw _reader.Fault($"gives tensor '{name}' a shape whose size overflows 64 bits");
        }
    }

    private void CheckLayout()
    {
        var data = Math.Max(0, _file.Length - _dataStart);
        long end = 0;
        foreach (var (name, entry) in _entries.OrderBy(pair => pair.Value.Offset))
        {
            if (entry.Offset < end) throw _reader.Fault($"places tensor '{name}' inside another tensor");
            if (entry.Offset > data || entry.ByteLength > data - entry.Offset) throw _reader.Fault($"ends before the end of tensor '{name}'");
            end = entry.Offset + entry.ByteLength;
        }
    }
}
