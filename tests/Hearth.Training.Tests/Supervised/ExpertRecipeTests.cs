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

    /// <summary>A pair an expert's projection, and PEFT's fused layout: in both, training goes on and the layout stays.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public void Training_goes_on_from_an_adapter_of_experts(bool fused)
    {
        var model = RandomExperts.Create(Path.Combine(_folder.Path, "model"));
        using var files = ModelFiles.Open(model);
        var start = WriteAdapter(files.Configuration, fused, Path.Combine(_folder.Path, "start"));
        var result = SupervisedRecipe.Run(Options(model, "run", threads: 2) with { WarmStartPath = start, Epochs = 1 });
        using var before = SafetensorsFile.Open(Path.Combine(start, "adapter_model.safetensors"));
        using var after = SafetensorsFile.Open(Path.Combine(result.AdapterFolder, "adapter_model.safetensors"));
        Assert.Equal(before.Names, after.Names);
        foreach (var name in after.Names) Assert.Equal(before.Get(name).Shape, after.Get(name).Shape);
        Assert.All(after.Names.Where(name => name.Contains("experts", StringComparison.Ordinal)), name => Assert.NotEqual(before.Get(name).ToFloat32(), after.Get(name).ToFloat32()));
    }

    public void Dispose() => _folder.Dispose();

    private static string WriteAdapter(ModelConfiguration model, bool fused, string folder)
    {
        const int rank = 2;
        var (experts, width) = (model.Experts!.Count, model.Experts.Width);
        (string Name, int Outputs, int Inputs)[] projections = fused
            ? [("gate_up_proj", 2 * width, model.Width), ("down_proj", model.Width, width)]
            : [("gate_proj", width, model.Width), ("up_proj", width, model.Width), ("down_proj", model.Width, width)];
        var modules = new List<AdapterModule>();
        for (int layer = 0; layer < model.Layers; layer++)
        {
            modules.Add(Module(ModelLayout.ModulePath(layer, "self_attn.q_proj"), model.QueryWidth, model.Width));
            for (int expert = 0; model.HasExperts(layer) && expert < experts; expert++)
                foreach (var (name, outputs, inputs) in projections) modules.Add(Module(ModelLayout.ModulePath(layer, ModelLayout.ExpertModule(expert, name)), outputs, inputs));
        }
        AdapterFiles.Save(folder, new AdapterConfiguration
        {
            BaseModel = "model",
            Rank = rank,
            Alpha = 2 * rank,
            TargetModules = fused ? ["q_proj"] : ["q_proj", "gate_proj", "up_proj", "down_proj"],
            TargetParameters = fused ? ["mlp.experts.down_proj", "mlp.experts.gate_up_proj"] : [],
        }, modules);
        return folder;

        static AdapterModule Module(string path, int outputs, int inputs) => new()
        {
            Path = path,
            Rank = rank,
            Scale = 2,
            Inputs = inputs,
            Outputs = outputs,
            A = Values(path, rank * inputs),
            B = Values(path + "b", outputs * rank),
        };
    }

    private static float[] Values(string name, int count) =>
        [.. Enumerable.Range(0, count).Select(i => 0.05f * MathF.Sin((i * 12.9898f) + name.Aggregate(0, (sum, letter) => ((sum * 31) + letter) % 1009)))];

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
