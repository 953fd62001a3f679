using Hearth.Models;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Training.Tests;

/// <summary>What must stop a supervised run, and what it leaves behind.</summary>
public sealed class SupervisedRecipeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static string EmbeddedModel => Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny");

    private SupervisedOptions Options(params string[] lines)
    {
        string dataset = Path.Combine(_folder.Path, "rows.jsonl");
        File.WriteAllLines(dataset, lines);
        return new SupervisedOptions
        {
            BaseModelPath = EmbeddedModel,
            DatasetPath = dataset,
            RunFolder = Path.Combine(_folder.Path, "run"),
            BatchSizeSamples = 2,
            LearningRate = 1e-3,
            LoraRank = 4,
            MaxContextLength = 256,
            Threads = 2,
        };
    }

    private static string Row(string question, string answer) =>
        $$"""{"messages":[{"role":"user","content":"{{question}}"},{"role":"assistant","content":"{{answer}}"}]}""";

    [Fact]
    public void Training_lowers_the_loss_of_its_own_rows()
    {
        var options = Options([.. Enumerable.Range(0, 8).Select(i => Row($"What is {i} + 50?", $"Answer = {i + 50}!"))]);
        var result = SupervisedRecipe.Run(options with { Epochs = 5, EvaluationDatasetPath = options.DatasetPath, LearningRate = 1e-2 });
        Assert.Equal(20, result.Steps);
        Assert.True(result.EvaluationLossAfter < 0.5 * result.EvaluationLossBefore, $"{result.EvaluationLossBefore} -> {result.EvaluationLossAfter}");
        Assert.Equal(22, File.ReadLines(Path.Combine(options.RunFolder, "metrics.jsonl")).Count()); // 20 steps, 2 evaluations
    }

    [Fact]
    public void A_warm_start_continues_where_the_adapter_ended()
    {
        var options = Options(Row("What is 3 + 4?", "Seven it is."), Row("What is 5 + 4?", "Nine it is."));
        var first = SupervisedRecipe.Run(options with { Epochs = 10, LearningRate = 1e-2, EvaluationDatasetPath = options.DatasetPath });
        var second = SupervisedRecipe.Run(options with
        {
            WarmStartPath = first.AdapterFolder,
            RunFolder = Path.Combine(_folder.Path, "second"),
            EvaluationDatasetPath = options.DatasetPath,
        });
        Assert.Equal(first.EvaluationLossAfter!.Value, second.EvaluationLossBefore!.Value, 1e-6);
    }

    [Fact]
    public void A_loss_that_is_not_finite_stops_the_run_before_the_update_and_names_step_and_rows()
    {
        string broken = Path.Combine(_folder.Path, "broken");
        Directory.CreateDirectory(broken);
        foreach (string file in new[] { "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json" })
            File.Copy(Path.Combine(EmbeddedModel, file), Path.Combine(broken, file));
        using (var weights = SafetensorsFile.Open(Path.Combine(EmbeddedModel, "model.safetensors")))
        {
            var writer = new SafetensorsWriter();
            foreach (string name in weights.Names)
            {
                var values = weights.Get(name).ToFloat32();
                if (name == "model.norm.weight") values[0] = float.NaN;
                writer.Add(name, weights.Get(name).Shape, values, TensorType.BF16);
            }
            writer.Save(Path.Combine(broken, "model.safetensors"));
        }
        var options = Options(Row("Hello", "Hi."), Row("Bye", "Good bye."));
        var fault = Assert.Throws<TrainingException>(() => SupervisedRecipe.Run(options with { BaseModelPath = broken }));
        Assert.StartsWith("Step 1: the loss is not finite", fault.Message);
        Assert.Contains("Dataset lines of this step: 1, 2.", fault.Message);
        Assert.False(Directory.Exists(Path.Combine(options.RunFolder, "adapter")));
    }

    [Fact]
    public void An_adapter_that_equals_its_start_fails_the_run()
    {
        var options = Options(Row("Hello", "Hi.")) with { LearningRate = 1e-60 }; // a step of zero in float32
        var fault = Assert.Throws<TrainingException>(() => SupervisedRecipe.Run(options));
        Assert.Contains("equals its start", fault.Message);
        Assert.False(Directory.Exists(Path.Combine(options.RunFolder, "adapter")));
    }

    [Fact]
    public void Unfit_rows_are_reported_together_with_their_lines()
    {
        var options = Options(
            Row("Hello", "Hi."),
            """{"messages":[{"role":"user","content":"no answer"}]}""",
            Row("Hello", string.Join(' ', Enumerable.Repeat("word", 400))),
            "{not json");
        var fault = Assert.Throws<TrainingException>(() => SupervisedRecipe.Run(options));
        Assert.Contains("3 of 4 rows", fault.Message);
        foreach (string line in new[] { "line 2:", "line 3:", "line 4:" }) Assert.Contains(line, fault.Message);
        Assert.Contains("above the context of 256", fault.Message);
        Assert.False(Directory.Exists(options.RunFolder));
    }

    [Fact]
    public void A_template_that_never_closes_the_answer_is_refused()
    {
        var options = Options(Row("Hello", "Hi.")) with
        {
            ChatTemplate = "{% for m in messages %}{{ m['role'] }}: {% if m['role'] == 'assistant' %}{% generation %}{{ m['content'] }}{% endgeneration %}{% else %}{{ m['content'] }}{% endif %} {% endfor %}",
        };
        var fault = Assert.Throws<TrainingException>(() => SupervisedRecipe.Run(options));
        Assert.Contains("stop token", fault.Message);
    }

    [Fact]
    public void All_wrong_options_are_reported_at_once()
    {
        var fault = Assert.Throws<TrainingException>(() => SupervisedRecipe.Run(Options(Row("a", "b")) with { Epochs = 0, LearningRate = -1, LoraRank = 999 }));
        foreach (string name in new[] { "epochs", "learningRate", "loraRank" }) Assert.Contains(name, fault.Message);
    }

    public void Dispose() => _folder.Dispose();
}
