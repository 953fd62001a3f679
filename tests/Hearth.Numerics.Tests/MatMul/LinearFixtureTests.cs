using System.Text.Json;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Numerics.Tests;

/// <summary>Linear layers against PyTorch's values: forward and all gradients.</summary>
[Trait("Category", "Fixtures")]
public sealed class LinearFixtureTests
{
    private static readonly string Folder = FixtureFolder.Find("architectures/numerics");
    private static readonly TensorFile File = new(Path.Combine(Folder, "linear.safetensors"));

    public static TheoryData<string> Cases() => [.. File.Names.Select(name => name[..name.IndexOf('.')]).Distinct()];

    [Theory, MemberData(nameof(Cases))]
    public void A_linear_layer_matches(string name)
    {
        using var pool = new ComputePool(2);
        float[] x = Tensor(name, "x"), w = Tensor(name, "weight"), dy = Tensor(name, "dy");
        int rows = File.Shape($"{name}.x")[0], inputs = File.Shape($"{name}.x")[1], outputs = File.Shape($"{name}.weight")[0];
        using var packed = PackedWeight.PackFloat32(w, outputs, inputs);
        float[] y = new float[rows * outputs], dx = new float[rows * inputs], dw = new float[outputs * inputs];
        Kernels.MatMul(pool, x, rows, packed, y);
        Kernels.MatMulBackwardInput(pool, dy, rows, packed, dx, accumulate: false);
        Kernels.MatMulBackwardWeight(pool, dy, x, rows, outputs, inputs, dw, accumulate: false);
        if (File.Has($"{name}.bias")) AddBias(Tensor(name, "bias"), y);
        if (File.Has($"{name}.lora_A")) AddLora(pool, name, x, dy, rows, inputs, outputs, y, dx);
        Compare(name, "y", y);
        Compare(name, "dx", dx);
        Compare(name, "dweight", dw);
    }

    private static void AddBias(float[] bias, float[] y)
    {
        for (int i = 0; i < y.Length; i++) y[i] += bias[i % bias.Length];
    }

    private static void AddLora(ComputePool pool, string name, float[] x, float[] dy, int rows, int inputs, int outputs, float[] y, float[] dx)
    {
        float[] a = Tensor(name, "lora_A"), b = Tensor(name, "lora_B");
        int rank = File.Shape($"{name}.lora_A")[0];
        float scale = Scale(name);
        float[] ax = new float[rows * rank], bax = new float[rows * outputs], scaled = [.. dy.Select(value => value * scale)];
        Kernels.MatMul(pool, x, rows, a, rank, inputs, ax);
        Kernels.MatMul(pool, ax, rows, b, outputs, rank, bax);
        for (int i = 0; i < y.Length; i++) y[i] = MathF.FusedMultiplyAdd(scale, bax[i], y[i]);
        float[] dax = new float[rows * rank], da = new float[a.Length], db = new float[b.Length];
        Kernels.MatMulBackwardInput(pool, scaled, rows, b, outputs, rank, dax, accumulate: false);
        Kernels.MatMulBackwardWeight(pool, scaled, ax, rows, outputs, rank, db, accumulate: false);
        Kernels.MatMulBackwardWeight(pool, dax, x, rows, rank, inputs, da, accumulate: false);
        Kernels.MatMulBackwardInput(pool, dax, rows, a, rank, inputs, dx, accumulate: true);
        Compare(name, "dlora_A", da);
        Compare(name, "dlora_B", db);
    }

    private static float[] Tensor(string name, string tensor) => File.Floats($"{name}.{tensor}");

    private static JsonElement Case(string name)
    {
        using var document = JsonDocument.Parse(System.IO.File.ReadAllText(Path.Combine(Folder, "numerics.json")));
        return document.RootElement.GetProperty("operations").GetProperty("linear").GetProperty(name).Clone();
    }

    private static float Scale(string name) => Case(name).GetProperty("attributes").GetProperty("scale").GetSingle();

    // Tolerance of the fixtures' README: ten times the case's float32 noise, at least 5e-6, relative to the largest value.
    private static void Compare(string name, string tensor, float[] actual)
    {
        float[] expected = Tensor(name, tensor);
        double noise = Case(name).GetProperty("float32_noise").TryGetProperty(tensor, out var value) ? value.GetDouble() : 0;
        double largest = expected.Max(Math.Abs), worst = expected.Zip(actual, (e, a) => (double)Math.Abs(e - a)).Max();
        Assert.True(worst <= Math.Max(10 * noise, 5e-6) * largest, $"{name}.{tensor} is off by {worst / largest:G3} of its largest value.");
    }
}
