using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>A trained tensor: its place in a <see cref="ParameterSet"/> and in every gradient buffer of the same layout.</summary>
/// <param name="Name">Name in the saved file.</param>
/// <param name="Rows">First dimension; 1 for a vector.</param>
/// <param name="Columns">Second dimension, contiguous.</param>
/// <param name="Offset">First value's place in the set, in floats.</param>
public sealed record Parameter(string Name, int Rows, int Columns, int Offset)
{
    /// <summary>Number of values.</summary>
    public int Length => Rows * Columns;

    /// <summary>True for a vector, saved with one dimension.</summary>
    public bool IsVector { get; init; }
}

/// <summary>
/// All trained tensors of a run in one block, in ordinal order of their names: the order in which gradient norms are added (E8)
/// and in which they are saved.
/// </summary>
public sealed class ParameterSet : IDisposable
{
    private readonly NativeBlock _block;
    private readonly FloatBuffer _values;
    private readonly Dictionary<string, Parameter> _byName;

    private ParameterSet(IReadOnlyList<Parameter> parameters, int length)
    {
        All = parameters;
        _byName = parameters.ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
        Length = length;
        _block = NativeBlock.ForFloats(length, out _values);
    }

    /// <summary>The tensors, in ordinal order of their names.</summary>
    public IReadOnlyList<Parameter> All { get; }

    /// <summary>Values in all tensors together, padding included.</summary>
    public int Length { get; }

    /// <summary>All values in one run.</summary>
    public FloatBuffer Values => _values;

    /// <summary>Lays out tensors by name; every tensor starts on a cache line. Values are zero.</summary>
    public static ParameterSet Create(IEnumerable<(string Name, int Rows, int Columns, bool IsVector)> shapes)
    {
        var parameters = new List<Parameter>();
        int offset = 0;
        foreach (var (name, rows, columns, isVector) in shapes.OrderBy(shape => shape.Name, StringComparer.Ordinal))
        {
            parameters.Add(new Parameter(name, rows, columns, offset) { IsVector = isVector });
            offset = checked(offset + (rows * columns + 15) / 16 * 16);
        }
        return new ParameterSet(parameters, offset);
    }

    /// <summary>The tensor of that name.</summary>
    public Parameter this[string name] =>
        _byName.TryGetValue(name, out var parameter) ? parameter : throw new KeyNotFoundException($"No trained tensor is named '{name}'.");

    /// <summary>True where a tensor has that name.</summary>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>Values of one tensor.</summary>
    public FloatBuffer Of(Parameter parameter) => _values.Slice(parameter.Offset, parameter.Length);

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _block.Dispose();
}

/// <summary>One gradient for every trained tensor, in the layout of a <see cref="ParameterSet"/>.</summary>
public sealed class ParameterGradients : IDisposable
{
    private readonly NativeBlock _block;
    private readonly FloatBuffer _values;

    /// <summary>Zeros in the layout of <paramref name="parameters"/>.</summary>
    public ParameterGradients(ParameterSet parameters) => _block = NativeBlock.ForFloats(parameters.Length, out _values);

    /// <summary>All values in one run.</summary>
    public FloatBuffer Values => _values;

    /// <summary>Gradient of one tensor.</summary>
    public FloatBuffer Of(Parameter parameter) => _values.Slice(parameter.Offset, parameter.Length);

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _block.Dispose();
}
