using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Xunit;

namespace Hearth.Numerics.Tests;

/// <summary>One operation of the fixtures' <c>architectures/numerics</c>: PyTorch's values, attributes and tolerances.</summary>
internal sealed class NumericsFixture
{
    private static readonly string Folder = FindFolder();
    private static readonly JsonElement Operations =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "numerics.json"))).RootElement.GetProperty("operations");

    private readonly JsonElement _operation;
    private readonly JsonElement _header;
    private readonly byte[] _bytes;
    private readonly int _data;

    public NumericsFixture(string operation)
    {
        _operation = Operations.GetProperty(operation);
        _bytes = File.ReadAllBytes(Path.Combine(Folder, operation + ".safetensors"));
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(_bytes);
        _header = JsonDocument.Parse(_bytes.AsMemory(8, length)).RootElement;
        _data = 8 + length;
    }

    /// <summary>Every case of an operation except those listed as not supported.</summary>
    public static TheoryData<string> Cases(string operation, params string[] unsupported) =>
        [.. Operations.GetProperty(operation).EnumerateObject().Select(property => property.Name).Except(unsupported)];

    public JsonElement Attribute(string name, string attribute) => _operation.GetProperty(name).GetProperty("attributes").GetProperty(attribute);

    public int[] Shape(string tensor) => [.. _header.GetProperty(tensor).GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];

    public float[] Floats(string tensor) => MemoryMarshal.Cast<byte, float>(Data(tensor)).ToArray();

    public int[] Integers(string tensor) => [.. MemoryMarshal.Cast<byte, long>(Data(tensor)).ToArray().Select(value => checked((int)value))];

    /// <summary>Compares with the tolerance of the fixtures' README: ten times the case's float32 noise, at least 5e-6.</summary>
    public void Compare(string name, string tensor, ReadOnlySpan<float> actual)
    {
        double noise = _operation.GetProperty(name).TryGetProperty("float32_noise", out var noises) && noises.TryGetProperty(tensor, out var value)
            ? value.GetDouble() : 0;
        Everywhere.RequireClose($"{name}.{tensor}", Floats($"{name}.{tensor}"), actual, Math.Max(10 * noise, 5e-6));
    }

    private ReadOnlySpan<byte> Data(string tensor)
    {
        var offsets = _header.GetProperty(tensor).GetProperty("data_offsets");
        int start = offsets[0].GetInt32(), end = offsets[1].GetInt32();
        return _bytes.AsSpan(_data + start, end - start);
    }

    private static string FindFolder()
    {
        const string family = "architectures/numerics";
        if (Environment.GetEnvironmentVariable("HEARTH_FIXTURES") is { Length: > 0 } given)
            return Directory.Exists(Path.Combine(given, family)) ? Path.Combine(given, family)
                : throw new DirectoryNotFoundException($"HEARTH_FIXTURES is set to a folder without '{family}'. Correct it or unset it.");
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Hearth.slnx")))
            root = root.Parent ?? throw new DirectoryNotFoundException("No folder above the tests has Hearth.slnx.");
        string shared = Path.Combine(root.FullName, "..", "shared", "fixtures", family);
        return Directory.Exists(shared) ? shared : Path.Combine(root.FullName, "tests", "Fixtures", family);
    }
}
