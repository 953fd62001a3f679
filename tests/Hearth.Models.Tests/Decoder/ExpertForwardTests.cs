using Hearth.Numerics;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>The mixture of a layer by itself, against one token at a time in double.</summary>
public sealed class ExpertForwardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ComputePool _pool = new(2);
    private readonly ModelFiles _files;
    private readonly TransformerModel _model;

    public ExpertForwardTests()
    {
        _files = ModelFiles.Open(RandomExperts.Create(Path.Combine(_folder.Path, "model")));
        _model = TransformerModel.Load(_files);
    }

    private int Width => _model.Configuration.Width;
    private ExpertLayer Layer => _model.Layers[0].Experts!;

    [Theory, InlineData(1), InlineData(7), InlineData(1300)] // more slots than a wave takes
    public void A_row_is_the_weighted_sum_of_its_experts(int rows)
    {
        using var arena = new Arena();
        var x = Rows(arena, rows);
        var (keep, output) = (new ExpertActivations(), arena.Take(rows, Width));
        new ExpertForward(Layer, 0, _pool, arena, null!).Run(x, keep, output);
        foreach (int row in new[] { 0, rows / 2, rows - 1 })
            TensorComparison.RequireClose($"row {row}", Reference(x.Span.Slice(row * Width, Width).ToArray()), output.Span.Slice(row * Width, Width).ToArray(), 1e-5);
    }

    [Fact]
    public void A_step_allocates_nothing()
    {
        using var arena = new Arena(1 << 20);
        using var input = new Arena();
        var x = Rows(input, 40);
        var output = input.Take(40, Width);
        var keep = new ExpertActivations();
        using var pool = new ComputePool(1);
        void Step()
        {
            arena.Reset();
            new ExpertForward(Layer, 0, pool, arena, null!).Run(x, keep, output);
        }
        for (int i = 0; i < 3; i++) Step();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Step();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    public void Dispose()
    {
        _model.Dispose();
        _files.Dispose();
        _pool.Dispose();
        _folder.Dispose();
    }

    private FloatBuffer Rows(Arena arena, int rows)
    {
        var x = arena.Take(rows, Width);
        for (int i = 0; i < x.Length; i++) x.Span[i] = MathF.Sin((i * 37 % 1009) + (i / Width));
        return x;
    }

    // transformers, Qwen3MoeSparseMoeBlock, one token at a time.
    private float[] Reference(float[] x)
    {
        var parameters = _model.Configuration.Experts!;
        double[] Product(string name, double[] input)
        {
            var values = _files.Get("model.layers.0.mlp." + name + ".weight").ToFloat32();
            return [.. Enumerable.Range(0, values.Length / input.Length).Select(row => Enumerable.Range(0, input.Length).Sum(k => values[row * input.Length + k] * input[k]))];
        }
        double[] wide = [.. x.Select(value => (double)value)];
        var scores = Product("gate", wide).Select(Math.Exp).ToArray();
        var chosen = Enumerable.Range(0, parameters.Count).OrderByDescending(expert => scores[expert]).Take(parameters.PerToken).ToArray();
        var result = new double[x.Length];
        foreach (int expert in chosen)
        {
            var (gate, up) = (Product($"experts.{expert}.gate_proj", wide), Product($"experts.{expert}.up_proj", wide));
            var down = Product($"experts.{expert}.down_proj", [.. gate.Select((g, i) => g / (1 + Math.Exp(-g)) * up[i])]);
            for (int i = 0; i < result.Length; i++) result[i] += scores[expert] / chosen.Sum(id => scores[id]) * down[i];
        }
        return [.. result.Select(value => (float)value)];
    }
}
