using System.Text.Json;
using Hearth.Models;
using Hearth.TestKit;
using Hearth.Tokenization;
using Xunit;

namespace Hearth.Training.Tests;

/// <summary>The embedded model can be made again: its recipe's first losses are those of the committed log.</summary>
public sealed class PretrainTests
{
    private const int Steps = 30;
    private static readonly JsonSerializerOptions RecipeFormat = new() { PropertyNameCaseInsensitive = true, ReadCommentHandling = JsonCommentHandling.Skip };

    private static PretrainOptions Recipe() =>
        JsonSerializer.Deserialize<PretrainOptions>(File.ReadAllText(Path.Combine(FixtureFolder.RepositoryRoot, "recipes", "hearth-tiny.json")), RecipeFormat)!;

    private static PretrainOptions TinyRecipe() => new()
    {
        Name = "test",
        Width = 32,
        Layers = 1,
        Heads = 2,
        KeyValueHeads = 1,
        FeedForwardWidth = 64,
        VocabularySize = 400,
        TokenizerRows = 500,
        RowsPerStep = 2,
        RowsPerLeaf = 1,
        Steps = 6,
        WarmupSteps = 2,
        CheckpointEvery = 2,
    };

    [Fact]
    public void The_first_30_losses_equal_the_committed_log_to_the_byte()
    {
        using var folder = new TemporaryFolder();
        PretrainRecipe.Run(Recipe(), folder.Path, Steps, progress: null, CancellationToken.None);
        var committed = File.ReadLines(Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny", "losses.jsonl")).Take(Steps);
        Assert.Equal(committed, File.ReadAllLines(Path.Combine(folder.Path, "losses.jsonl")));
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny", "tokenizer.json")),
            File.ReadAllBytes(Path.Combine(folder.Path, "model", "tokenizer.json")));
    }

    [Fact]
    public void A_run_that_was_stopped_and_resumed_ends_in_the_same_bytes()
    {
        using var whole = new TemporaryFolder();
        using var parts = new TemporaryFolder();
        PretrainRecipe.Run(TinyRecipe(), whole.Path, null, null, CancellationToken.None);
        // Stopped inside step 4: the checkpoint is of step 2, the log of step 3.
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() =>
            PretrainRecipe.Run(TinyRecipe(), parts.Path, null, new CallAt(3, stop.Cancel), stop.Token));
        PretrainRecipe.Run(TinyRecipe(), parts.Path, null, null, CancellationToken.None);
        foreach (string name in new[] { "losses.jsonl", "checkpoint.bin", "model/model.safetensors" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Path, name)), File.ReadAllBytes(Path.Combine(parts.Path, name)));
    }

    [Fact]
    public void A_checkpoint_of_another_model_is_refused()
    {
        using var folder = new TemporaryFolder();
        PretrainRecipe.Run(TinyRecipe(), folder.Path, 2, null, CancellationToken.None);
        File.Delete(Path.Combine(folder.Path, "model", "tokenizer.json")); // the folder's configuration is made anew from the recipe
        var fault = Assert.Throws<InvalidDataException>(() =>
            PretrainRecipe.Run(TinyRecipe() with { Width = 64 }, folder.Path, 2, null, CancellationToken.None));
        Assert.Contains("checkpoint.bin", fault.Message);
    }

    [Fact]
    public void Rendering_for_pre_training_equals_the_chat_template()
    {
        string folder = Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny");
        var tokenizer = Tokenizer.Load(Path.Combine(folder, "tokenizer.json"));
        var template = Tokenization.ChatTemplate.Parse(PretrainTokenizer.ChatTemplate);
        var curriculum = new Curriculum(5);
        for (long row = 0; row < 300; row++)
        {
            var example = curriculum.Row(row);
            var messages = (System.Text.Json.Nodes.JsonArray)System.Text.Json.Nodes.JsonNode.Parse(example.ToJson())!["messages"]!.DeepClone();
            Assert.Equal(
                tokenizer.Encode(template.Render(new ChatTemplateInput { Messages = messages }).Text),
                PretrainTokenizer.Render(tokenizer, example, promptWeight: 0.1f).TokenIds);
        }
    }

    private sealed class CallAt(int step, Action action) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step) action();
        }
    }
}
