using System.Text.Json;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Numerics.Tests;

/// <summary>One operation of the fixtures' <c>architectures/numerics</c>: PyTorch's values, attributes and tolerances.</summary>
internal sealed class NumericsFixture(string operation)
{
    private static readonly string Folder = FixtureFolder.Find("architectures/numerics");
    private static readonly JsonElement Operations =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "numerics.json"))).RootElement.GetProperty("operations");

    private readonly JsonElement _operation = Operations.GetProperty(operation);
    private readonly TensorFile _tensors = new(Path.Combine(Folder, operation + ".safetensors"));

    /// <summary>Every case of an operation except those listed as not supported.</summary>
    public static TheoryData<string> Cases(string operation, params string[] unsupported) =>
        [.. Operations.GetProperty(operation).EnumerateObject().Select(property => property.Name).Except(unsupported)];

    public JsonElement Attribute(string name, string attribute) => _operation.GetProperty(name).GetProperty("attributes").GetProperty(attribute);

    public int[] Shape(string tensor) => _tensors.Shape(tensor);

    public float[] Floats(string tensor) => _tensors.Floats(tensor);

    public int[] Integers(string tensor) => [.. _tensors.Longs(tensor).Select(value => checked((int)value))];

    public bool[] Flags(string tensor) => [.. _tensors.Bytes(tensor).Select(value => value != 0)];

    /// <summary>Compares with the tolerance of the fixtures' README: ten times the case's float32 noise, at least 5e-6.</summary>
    public void Compare(string name, string tensor, ReadOnlySpan<float> actual)
    {
        double noise = _operation.GetProperty(name).TryGetProperty("float32_noise", out var noises) && noises.TryGetProperty(tensor, out var value)
            ? value.GetDouble() : 0;
        Everywhere.RequireClose($"{name}.{tensor}", Floats($"{name}.{tensor}"), actual, Math.Max(10 * noise, 5e-6));
    }
}
