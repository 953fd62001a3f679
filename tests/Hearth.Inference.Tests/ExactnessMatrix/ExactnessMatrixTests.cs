using Hearth.Models;
using Hearth.Numerics;
using Hearth.TestKit;

namespace Hearth.Inference.Tests;

/// <summary>
/// docs/exactness.md over every storage type: a request's tokens and logprobs have the bits that it has alone, on one thread with AVX2, whatever the crowd, the chunks, a
/// preemption, a cached prefix, the threads or the width; and a quantised model has those of its float32 expansion.
/// </summary>
[Collection(nameof(ExactnessTests))] // forcing a width is process-wide
public sealed class ExactnessMatrixTests
{
    public static TheoryData<string, string> Cells
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var model in new[] { MatrixModel.Embedded, MatrixModel.FourLayers })
                foreach (var type in MatrixModel.Types) data.Add(model, type.ToString());
            return data;
        }
    }

    public static TheoryData<string> Types => new(MatrixModel.Types.Select(type => type.ToString()));

    [Theory, MemberData(nameof(Cells))]
    public void A_storage_type_keeps_its_bits_in_a_crowd_on_two_threads_and_as_float32(string model, string type) => InFolder(folder =>
    {
        Assert.SkipWhen(Simd.Widest == SimdLevel.Portable, "the processor has no fused multiply-add");
        var path = MatrixModel.Write(model, Enum.Parse<TensorType>(type), folder);
        var runs = new MatrixRuns(path, requests: 12);
        var alone = runs.Alone();
        Assert.Equal(alone, runs.Under("crowd", Simd.Widest, threads: 2));
        if (type is "F32" or "BF16" or "F16") return;
        Assert.Equal(alone, new MatrixRuns(MatrixModel.Expand(path), requests: 12).Under("crowd", Simd.Widest, threads: 2));
    });

    [Fact]
    public void The_embedded_model_answers_from_a_GGUF_file_as_from_its_folder() => InFolder(folder => Assert.Equal(
        new MatrixRuns(Path.Combine(FixtureFolder.RepositoryRoot, "models", MatrixModel.Embedded), requests: 8).Under("crowd", Simd.Widest, threads: 2),
        new MatrixRuns(MatrixModel.Write(MatrixModel.Embedded, TensorType.F32, folder), requests: 8).Under("crowd", Simd.Widest, threads: 2)));

    [Theory, MemberData(nameof(Cells)), Trait("Category", "Long")]
    public void Nothing_changes_a_bit(string model, string type) => InFolder(folder =>
    {
        var runs = new MatrixRuns(MatrixModel.Write(model, Enum.Parse<TensorType>(type), folder), requests: 64);
        var alone = runs.Alone();
        foreach (var condition in MatrixRuns.Conditions)
            foreach (var (level, threads) in MatrixRuns.Machines())
                Assert.True(alone.SequenceEqual(runs.Under(condition, level, threads)), $"{model} {type}: {condition} with {level} on {threads} threads differs");
    });

    [Theory, MemberData(nameof(Types)), Trait("Category", "Long")]
    public void The_real_model_answers_in_a_crowd_as_alone(string type) => InFolder(folder =>
    {
        Assert.SkipWhen(FixtureFolder.TryFindModel(MatrixModel.Real) is null, "the model is not in the repository");
        var runs = new MatrixRuns(MatrixModel.Write(MatrixModel.Real, Enum.Parse<TensorType>(type), folder), requests: 11);
        Assert.Equal(runs.Alone(), runs.Under("crowd", Simd.Widest, threads: 2));
    });

    private static void InFolder(Action<string> test)
    {
        var folder = Directory.CreateTempSubdirectory("hearth-matrix-");
        try
        {
            test(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
