using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>A model's packed weights, mapped read-only: replicas and trainers of one model share its pages.</summary>
internal sealed class PackedFile : IFrozenWeights
{
    private readonly MappedMemory _memory;
    private readonly Dictionary<string, PackedTensor> _tensors;

    private PackedFile(MappedMemory memory, PackedHeader header, bool wasMade)
    {
        (_memory, _tensors) = (memory, header.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal));
        Report = new()
        {
            PackedFile = memory.FilePath,
            WasMade = wasMade,
            Bytes = header.Tensors.Sum(tensor => tensor.Bytes),
            SourceBytes = header.SourceBytes,
            PopulatedAtOnce = memory.Populate(),
        };
    }

    public WeightReport Report { get; }

    /// <summary>Maps a packed file of a model. Null where there is none, or where it is damaged, cut, of another layout or of another model: then it must be made anew.</summary>
    public static PackedFile? TryOpen(string path, ReadOnlySpan<byte> stamp, bool wasMade)
    {
        if (!File.Exists(path)) return null;
        var memory = new MappedMemory(path);
        try
        {
            var header = PackedHeader.Read(memory);
            if (stamp.SequenceEqual(header.Stamp)) return new PackedFile(memory, header, wasMade);
        }
        catch (InvalidDataException)
        {
            // Never trusted, never mended: made anew.
        }
        memory.Dispose();
        return null;
    }

    public bool Contains(string name) => _tensors.ContainsKey(name);

    public PackedWeight Matrix(string name, int outputs, int inputs)
    {
        var tensor = Get(name);
        return tensor.Type is { } type && (tensor.Outputs, tensor.Inputs) == (outputs, inputs)
            ? PackedWeight.Over(_memory, tensor.Offset, type, outputs, inputs)
            : throw Unfit(tensor, $"[{outputs}, {inputs}]");
    }

    public FloatBuffer Vector(string name, int width)
    {
        var tensor = Get(name);
        return tensor.Type is null && tensor.Inputs == width ? _memory.Floats(tensor.Offset, width) : throw Unfit(tensor, $"[{width}]");
    }

    public void Dispose() => _memory.Dispose();

    private PackedTensor Get(string name) => _tensors.TryGetValue(name, out var tensor) ? tensor : throw new InvalidDataException($"The packed weights have no tensor '{name}'.");

    private static InvalidDataException Unfit(PackedTensor tensor, string expected) =>
        new($"Tensor '{tensor.Name}' is [{tensor.Outputs}, {tensor.Inputs}] in the packed weights, expected {expected} by the configuration.");
}
