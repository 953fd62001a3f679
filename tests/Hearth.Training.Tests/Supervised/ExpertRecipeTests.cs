using Hearth.Models;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Training.Tests;

/// <summary>A mixture of experts is tuned like any other model: its attention and its dense layers get the adapter.</summary>
public sealed class ExpertRecipeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_mixture_of_experts_learns_and_threads_change_no_byte()
    {
        var model = RandomExperts.Create(Path.Combine(_folder.Path, "model"));
        var two = SupervisedRecipe.Run(Options(model, "two", threads: 2));
        Assert.True(two.EvaluationLossAfter < two.EvaluationLossBefore - 0.1, $"{two.EvaluationLossBefore} to {two.EvaluationLossAfter}");
        var one = SupervisedRecipe.Run(Options(model, "one", threads: 1));
        Assert.Equal(File.ReadAllBytes(Path.Combine(two.AdapterFolder, "adapter_model.safetensors")), File.ReadAllBytes(Path.Combine(one.AdapterFolder, "adapter_model.safetensors")));
        using var files = ModelFiles.Open(model);
        using var adapter = LoraAdapter.Load(two.AdapterFolder, files.Configuration);
        Assert.NotNull(adapter.Pair(0, Projection.Query));
        Assert.NotNull(adapter.Pair(1, Projection.Down)); // the dense layer
        Assert.False(adapter.HasExperts(0));
    }

    public void Dispose() => _folder.Dispose();

    private SupervisedOptions Options(string model, string run, int threads)
    {
        string dataset = Path.Combine(_folder.Path, "rows.jsonl");
        File.WriteAllLines(dataset, Enumerable.Range(0, 12).Select(i =>
            $$"""{"messages":[{"role":"user","content":"What is {{i}} + 50?"},{"role":"assistant","content":"Answer = {{i + 50}}!"}]}"""));
        return new SupervisedOptions
        {
            BaseModelPath = model,
            DatasetPath = dataset,
            EvaluationDatasetPath = dataset,
            RunFolder = Path.Combine(_folder.Path, run),
            BatchSizeSamples = 3,
            Epochs = 3,
            LearningRate = 2e-2,
            LoraRank = 4,
            MaxContextLength = 256,
            Threads = threads,
        };
    }
}
