using Hearth.Numerics;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>Gradients through experts: a row's leaf has the same bits alone, beside other rows, with any number of threads and either instruction set (E8, E10, E11).</summary>
[Trait("Category", "Fixtures"), Collection(nameof(ExpertGradientTests))]
public sealed class ExpertGradientTests
{
    private static readonly string Folder = Path.Combine(FixtureFolder.Find("architectures"), "qwen3-moe");

    /// <summary>Empty where the repository's copy of the fixtures has no adapters of the model.</summary>
    public static TheoryData<string> Adapters() => Directory.Exists(Path.Combine(Folder, "adapter-fused")) ? ["adapter", "adapter-experts", "adapter-fused"] : [""];

    [Theory, MemberData(nameof(Adapters))]
    public void A_leaf_has_the_same_bits_alone_and_in_company(string name)
    {
        Assert.SkipWhen(name == "", "The adapters of the mixture of experts are not in the repository's copy of the fixtures.");
        using var files = ModelFiles.Open(Folder);
        using var model = TransformerModel.Load(files);
        using var adapter = LoraAdapter.Load(Path.Combine(Folder, name), files.Configuration);
        // One long row and short ones, so that some experts get no row of a leaf and some leaves no expert at all.
        int[] lengths = [70, 1, 33, 2, 5];
        var alone = lengths.Select((length, i) => Gradients(model, adapter, [length], firstSeed: i, threads: 1, SimdLevel.Avx2)[0]).ToArray();
        foreach (var level in new[] { SimdLevel.Avx2, SimdLevel.Avx512 }.Where(level => level <= Simd.Widest))
            foreach (int threads in (int[])[1, 2])
            {
                var together = Gradients(model, adapter, lengths, firstSeed: 0, threads, level);
                for (int leaf = 0; leaf < lengths.Length; leaf++) TensorComparison.RequireEqualBits($"{name}, leaf {leaf}, {level}, {threads} threads", alone[leaf], together[leaf]);
            }
        Assert.Contains(alone[0], value => value != 0);
    }

    private static float[][] Gradients(TransformerModel model, LoraAdapter adapter, int[] lengths, int firstSeed, int threads, SimdLevel level)
    {
        using var forced = Simd.Force(level > Simd.Widest ? Simd.Widest : level);
        using var pool = new ComputePool(threads);
        using var pass = new TrainingPass(model, adapter, pool);
        var leaves = lengths.Select(_ => new ParameterGradients(pass.Parameters)).ToArray();
        foreach (var leaf in leaves) leaf.Values.Span.Fill(float.NaN); // every value must be written
        var starts = lengths.Select((_, i) => lengths.Take(i).Sum()).ToArray();
        int[] Ids(int shift) => [.. lengths.SelectMany((length, i) => Enumerable.Range(0, length).Select(t => (((firstSeed + i) * 31) + ((t + shift) * 17)) % model.Configuration.VocabularySize))];
        var batch = new TrainingBatch
        {
            TokenIds = Ids(0),
            Positions = [.. lengths.SelectMany(length => Enumerable.Range(0, length))],
            Targets = Ids(1),
            Weights = [.. Enumerable.Repeat(1 / 128f, lengths.Sum())],
            Segments = [.. lengths.Select((length, i) => (starts[i], length))],
            Leaves = [.. lengths.Select((length, i) => (starts[i], length))],
        };
        pass.Run(batch, new float[batch.Rows], leaves);
        var results = leaves.Select(leaf => pass.Parameters.All.SelectMany(parameter => leaf.Of(parameter).Span.ToArray()).ToArray()).ToArray();
        foreach (var leaf in leaves) leaf.Dispose();
        return results;
    }
}

/// <summary>Forcing an instruction set is process-wide: nothing runs beside it.</summary>
[CollectionDefinition(nameof(ExpertGradientTests), DisableParallelization = true)]
public sealed class ExpertGradientCollection;
