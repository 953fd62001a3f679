using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Hearth.Models;

/// <summary>A safetensors file, mapped: a JSON header that names tensors, then their bytes without gaps.</summary>
/// <remarks>Format: huggingface.co/docs/safetensors. Nothing in the header is believed: each number is checked against the file's size.</remarks>
public sealed class SafetensorsFile : IDisposable
{
    private const long LengthField = 8;
    private const long MaxHeaderBytes = 100_000_000; // the limit of the reference implementation
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
    private readonly MappedFile _file;
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly long _dataStart;

    private SafetensorsFile(MappedFile file)
    {
        _file = file;
        var header = Header();
        _dataStart = LengthField + header.Length;
        Parse(header);
        CheckLayout();
    }

    private sealed record Entry(TensorType Type, long[] Shape, long Begin, long End);

    /// <summary>Full path of the file.</summary>
    public string FilePath => Path.GetFullPath(_file.FilePath);

    /// <summary>Tensor names in ordinal order.</summary>
    public IReadOnlyCollection<string> Names => _entries.Keys;

    /// <summary>The header's <c>__metadata__</c>; empty where there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Maps a file and validates its header.</summary>
    /// <exception cref="InvalidDataException">The file is not a sound safetensors file; the message names the fault.</exception>
    public static SafetensorsFile Open(string path)
    {
        var file = new MappedFile(path);
        try
        {
            return new SafetensorsFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether the file has a tensor of this name.</summary>
    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <summary>A tensor by name.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    public TensorView Get(string name) => _entries.TryGetValue(name, out var entry)
        ? new TensorView(name, entry.Type, entry.Shape, _file, _dataStart + entry.Begin, entry.End - entry.Begin)
        : throw new KeyNotFoundException($"{_file.Name} has no tensor '{name}'.");

    /// <summary>Releases the mapping; tensors of this file become invalid.</summary>
    public void Dispose() => _file.Dispose();

    private ReadOnlySpan<byte> Header()
    {
        if (_file.Length < LengthField) throw Fault($"is {_file.Length} bytes long; the header's length alone takes {LengthField}");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(_file.Span(0, (int)LengthField));
        if (length > MaxHeaderBytes) throw Fault($"says its header has {length} bytes; the limit is {MaxHeaderBytes}");
        if ((long)length > _file.Length - LengthField) throw Fault($"says its header has {length} bytes, more than the file");
        var header = _file.Span(LengthField, (int)length);
        if (header.IsEmpty || header[0] != '{') throw Fault("has a header that is not a JSON object");
        return header;
    }

    private void Parse(ReadOnlySpan<byte> header)
    {
        try
        {
            StrictUtf8.GetCharCount(header);
            var options = new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 };
            using var document = JsonDocument.Parse(header.ToArray(), options);
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name == "__metadata__") ParseMetadata(property.Value);
                else _entries.Add(property.Name, ParseEntry(property.Name, property.Value));
            }
        }
        catch (Exception fault) when (fault is JsonException or DecoderFallbackException)
        {
            throw Fault($"has a header that is not valid JSON ({fault.Message})");
        }
    }

    private void ParseMetadata(JsonElement metadata)
    {
        if (metadata.ValueKind != JsonValueKind.Object) throw Fault("has a __metadata__ that is not an object");
        foreach (var property in metadata.EnumerateObject())
            _metadata.Add(property.Name, property.Value.ValueKind == JsonValueKind.String
                ? property.Value.GetString()!
                : throw Fault($"has a __metadata__ value '{property.Name}' that is not a string"));
    }

    private Entry ParseEntry(string name, JsonElement entry)
    {
        if (entry.ValueKind != JsonValueKind.Object) throw Fault($"describes tensor '{name}' by something that is not an object");
        var type = ParseType(name, Member(name, entry, "dtype", JsonValueKind.String));
        var shape = Numbers(name, Member(name, entry, "shape", JsonValueKind.Array), "shape");
        var offsets = Numbers(name, Member(name, entry, "data_offsets", JsonValueKind.Array), "data_offsets");
        foreach (var property in entry.EnumerateObject())
            if (property.Name is not ("dtype" or "shape" or "data_offsets")) throw Fault($"gives tensor '{name}' an unknown member '{property.Name}'");
        if (offsets.Length != 2) throw Fault($"gives tensor '{name}' {offsets.Length} data_offsets instead of 2");
        if (offsets[0] > offsets[1]) throw Fault($"lets tensor '{name}' end at {offsets[1]}, before its begin {offsets[0]}");
        CheckSize(name, type, shape, offsets[1] - offsets[0]);
        return new Entry(type, shape, offsets[0], offsets[1]);
    }

    private JsonElement Member(string name, JsonElement entry, string member, JsonValueKind kind) =>
        !entry.TryGetProperty(member, out var value) ? throw Fault($"gives tensor '{name}' no {member}")
        : value.ValueKind == kind ? value
        : throw Fault($"gives tensor '{name}' a {member} that is not {(kind == JsonValueKind.Array ? "an array" : "a string")}");

    private TensorType ParseType(string name, JsonElement dtype) => SafetensorsTypes.TryParse(dtype.GetString()!, out var type)
        ? type
        : throw Fault($"stores tensor '{name}' as '{dtype.GetString()}', an unknown dtype");

    private long[] Numbers(string name, JsonElement array, string member)
    {
        var numbers = new long[array.GetArrayLength()];
        for (int i = 0; i < numbers.Length; i++)
            if (array[i].ValueKind != JsonValueKind.Number || !array[i].TryGetInt64(out numbers[i]) || numbers[i] < 0)
                throw Fault($"gives tensor '{name}' a {member} with an element that is not a whole number from 0 to 2^63-1");
        return numbers;
    }

    private void CheckSize(string name, TensorType type, long[] shape, long stored)
    {
        long needed = type.BlockBytes();
        try
        {
            foreach (var dimension in shape) needed = checked(needed * dimension);
        }
        catch (OverflowException)
        {
            throw Fault($"gives tensor '{name}' a shape whose size overflows 64 bits");
        }
        if (needed != stored) throw Fault($"gives tensor '{name}' {stored} bytes, its shape [{string.Join(", ", shape)}] of {type} needs {needed}");
    }

    private void CheckLayout()
    {
        long end = 0;
        foreach (var (name, entry) in _entries.OrderBy(pair => pair.Value.Begin).ThenBy(pair => pair.Value.End))
        {
            if (entry.Begin != end) throw Fault($"begins tensor '{name}' at {entry.Begin}; the tensor before it ends at {end}");
            end = entry.End;
        }
        var data = _file.Length - _dataStart;
        if (end != data) throw Fault($"has {data} bytes of tensor data, its header describes {end}");
    }

    private InvalidDataException Fault(string what) => new($"Safetensors file '{_file.Name}' {what}. Get the file again.");
}
