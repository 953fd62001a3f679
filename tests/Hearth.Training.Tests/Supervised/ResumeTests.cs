using System.Text.Json;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Training.Tests;

/// <summary>A run that is stopped and goes on is the run that was never stopped.</summary>
public sealed class ResumeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private SupervisedOptions Options(string run, int rows = 12)
    {
        string dataset = Path.Combine(_folder.Path, $"rows{rows}.jsonl");
        File.WriteAllLines(dataset, Enumerable.Range(0, rows).Select(i =>
            $$"""{"messages":[{"role":"user","content":"What is {{i}} + 50?"},{"role":"assistant","content":"Answer = {{i + 50}}!"}]}"""));
        return new SupervisedOptions
        {
            BaseModelPath = Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny"),
            DatasetPath = dataset,
            EvaluationDatasetPath = dataset,
            RunFolder = Path.Combine(_folder.Path, run),
            BatchSizeSamples = 3,
            Epochs = 2,
            LearningRate = 5e-3,
            Schedule = ScheduleKind.Cosine,
            LoraRank = 4,
            MaxContextLength = 256,
            Threads = 2,
            Resume = true,
            CheckpointSeconds = 0,
        };
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void A_resumed_run_gives_the_same_adapter_and_the_same_metrics(int stopAfter)
    {
        var whole = Run(Options("whole"));
        Stop(Options("stopped") with { CheckpointSeconds = 3600 }, stopAfter); // only the checkpoint of the cancellation
        var resumed = Run(Options("stopped"));
        Assert.Equal(Adapter(whole), Adapter(resumed));
        Assert.Equal((whole.Steps, whole.TrainedTokens, whole.FinalLoss, whole.EvaluationLossBefore, whole.EvaluationLossAfter), (resumed.Steps, resumed.TrainedTokens, resumed.FinalLoss, resumed.EvaluationLossBefore, resumed.EvaluationLossAfter));
        Assert.Equal(Metrics("whole"), Metrics("stopped"));
    }

    [Fact]
    public void Steps_after_the_last_checkpoint_are_taken_again_and_their_metrics_replaced()
    {
        var whole = Run(Options("whole"));
        Stop(Options("killed"), 6);
        var newest = Checkpoints("killed")[^1];
        File.AppendAllText(Path.Combine(_folder.Path, "killed", "metrics.jsonl"), """{"step":7,"train/loss":99}""" + "\n"); // a step whose checkpoint was never written
        Directory.Delete(newest, recursive: true);
        var first = int.MaxValue;
        var resumed = SupervisedRecipe.Run(Options("killed"), new Observer(progress => first = Math.Min(first, progress.Step)));
        Assert.Equal(6, first);
        Assert.Equal(Adapter(whole), Adapter(resumed));
        Assert.Equal(Metrics("whole"), Metrics("killed"));
    }

    [Fact]
    public void A_damaged_checkpoint_is_passed_over_for_the_one_before()
    {
        var whole = Run(Options("whole"));
        Stop(Options("damaged"), 4);
        var state = Path.Combine(Checkpoints("damaged")[^1], "state.bin");
        var bytes = File.ReadAllBytes(state);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(state, bytes);
        Assert.Equal(Adapter(whole), Adapter(Run(Options("damaged"))));
        foreach (var folder in Checkpoints("damaged")) File.WriteAllText(Path.Combine(folder, "state.bin"), "short");
        Assert.Equal(Adapter(whole), Adapter(Run(Options("damaged"))));
    }

    [Fact]
    public void A_checkpoint_of_other_settings_is_not_gone_on_from()
    {
        var whole = Run(Options("whole") with { LearningRate = 1e-3 });
        Stop(Options("other"), 4);
        var first = int.MaxValue;
        var anew = SupervisedRecipe.Run(Options("other") with { LearningRate = 1e-3 }, new Observer(progress => first = Math.Min(first, progress.Step)));
        Assert.Equal(1, first);
        Assert.Equal(Adapter(whole), Adapter(anew));
    }

    [Fact]
    public void Two_checkpoints_are_kept()
    {
        Stop(Options("kept"), 6);
        Assert.Equal(["step-000000005", "step-000000006"], Checkpoints("kept").Select(Path.GetFileName));
    }

    [Fact]
    public void A_run_stops_early_with_its_best_weights_resumed_or_not()
    {
        // Evaluation rows that say the opposite: what is learned makes their loss rise.
        string opposite = Path.Combine(_folder.Path, "opposite.jsonl");
        File.WriteAllLines(opposite, Enumerable.Range(0, 6).Select(i => $$"""{"messages":[{"role":"user","content":"What is {{i}} + 50?"},{"role":"assistant","content":"Nobody knows."}]}"""));
        SupervisedOptions Wild(string run) => Options(run) with { Epochs = 10, LearningRate = 2e-2, EarlyStop = true, EvaluationDatasetPath = opposite, Schedule = ScheduleKind.Constant };
        var whole = Run(Wild("whole"));
        Assert.True(whole.EarlyStopped);
        Assert.True(whole.Steps < 40, $"{whole.Steps}");
        var looks = File.ReadLines(Path.Combine(_folder.Path, "whole", "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("eval/loss", out _) && line.GetProperty("step").GetInt32() > 0).Select(line => line.GetProperty("eval/loss").GetDouble()).ToList();
        Assert.Equal(looks.Min(), whole.EvaluationLossAfter);
        Stop(Wild("stopped"), whole.Steps - 2);
        var resumed = Run(Wild("stopped"));
        Assert.Equal((whole.Steps, true), (resumed.Steps, resumed.EarlyStopped));
        Assert.Equal(Adapter(whole), Adapter(resumed));
    }

    [Fact]
    public void A_tenth_of_the_rows_is_held_out_by_content()
    {
        var options = Options("carved", rows: 40) with { EvaluationDatasetPath = null, EvaluationCarveout = true, Epochs = 1 };
        var result = Run(options);
        Assert.NotNull(result.EvaluationLossBefore);
        Assert.Equal(12, result.Steps); // 36 rows, three a step
        Assert.Null(Run(Options("few", rows: 19) with { EvaluationDatasetPath = null, EvaluationCarveout = true, Epochs = 1 }).EvaluationLossBefore);
    }

    [Fact]
    public void The_choice_of_held_out_rows_depends_on_content_and_seed_alone()
    {
        TokenizedRow[] rows = [.. Enumerable.Range(0, 50).Select(i => new TokenizedRow([1, i, 2], [0, 1, 1], i + 1))];
        int[] Held(IEnumerable<TokenizedRow> from, ulong seed) => [.. EvaluationCarveout.Split([.. from], seed).Evaluation.Select(row => row.TokenIds[1]).Order()];
        Assert.Equal(5, Held(rows, 1).Length);
        Assert.Equal(Held(rows, 1), Held(rows.Reverse(), 1));
        Assert.NotEqual(Held(rows, 1), Held(rows, 2));
        Assert.Equal(1000, EvaluationCarveout.Split([.. Enumerable.Range(0, 20_000).Select(i => new TokenizedRow([1, i], [0, 1], i + 1))], 0).Evaluation.Count);
        var twice = EvaluationCarveout.Split([.. rows, .. rows.Select(row => row with { SourceLine = row.SourceLine + 100 })], 1);
        Assert.Empty(twice.Training.Select(row => row.TokenIds[1]).Intersect(twice.Evaluation.Select(row => row.TokenIds[1])));
    }

    [Fact]
    public void The_first_rows_are_written_as_the_model_reads_them()
    {
        Run(Options("rendered") with { Epochs = 1 });
        var lines = File.ReadAllLines(Path.Combine(_folder.Path, "rendered", "rendered_samples.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(12, lines.Count);
        var (ids, mask, texts) = (lines[0].GetProperty("token_ids"), lines[0].GetProperty("loss_mask"), lines[0].GetProperty("decoded_tokens"));
        Assert.Equal(ids.GetArrayLength(), mask.GetArrayLength());
        var trained = string.Concat(texts.EnumerateArray().Zip(mask.EnumerateArray()).Where(pair => pair.Second.GetDouble() > 0).Select(pair => pair.First.GetString()));
        Assert.Contains("Answer = 50!", trained);
        Assert.DoesNotContain("What is", trained);
    }

    private static SupervisedResult Run(SupervisedOptions options) => SupervisedRecipe.Run(options);

    /// <summary>Cancels the run in its step after <paramref name="steps"/>.</summary>
    private static void Stop(SupervisedOptions options, int steps)
    {
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => SupervisedRecipe.Run(options, new Observer(progress =>
        {
            if (progress.Step == steps) stop.Cancel();
        }), cancellationToken: stop.Token));
    }

    private static string Adapter(SupervisedResult result) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Path.Combine(result.AdapterFolder, "adapter_model.safetensors"))));

    private string[] Checkpoints(string run) => [.. Directory.GetDirectories(Path.Combine(_folder.Path, run, "checkpoints")).Order(StringComparer.Ordinal)];

    // All but the speed, which is the machine's.
    private string[] Metrics(string run) =>
        [.. File.ReadLines(Path.Combine(_folder.Path, run, "metrics.jsonl")).Select(line => System.Text.RegularExpressions.Regex.Replace(line, "\"train/tokens_per_second\":[0-9.]+", ""))];

    public void Dispose() => _folder.Dispose();

    private sealed class Observer(Action<TrainingProgress> observe) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => observe(value);
    }
}
