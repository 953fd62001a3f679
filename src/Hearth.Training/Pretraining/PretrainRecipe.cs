using System.Diagnostics;
using System.Globalization;
using Hearth.Models;
using Hearth.Numerics;
using Hearth.Tokenization;

namespace Hearth.Training;

/// <summary>
/// Pre-trains the embedded model: tokenizer from the curriculum's own text, then next-token prediction over freshly generated rows (no row is seen
/// twice), then the weights rounded once to bfloat16. Resumes from its last checkpoint; the same recipe gives the same losses to the byte.
/// </summary>
public static class PretrainRecipe
{
    /// <summary>Runs or resumes into <paramref name="folder"/>: checkpoint.bin, losses.jsonl, and when it stops model/ in Hugging Face's layout.</summary>
    /// <param name="steps">Stops after so many steps of the recipe's schedule; null: all of them.</param>
    public static void Run(PretrainOptions options, string folder, int? steps, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        string modelFolder = Path.Combine(folder, "model");
        var curriculum = new Curriculum(options.Seed);
        var tokenizer = PretrainTokenizer.CreateOrLoad(curriculum, options, modelFolder);
        var configuration = PretrainModel.Configuration(modelFolder);

        using var pool = ComputePool.CreateDefault();
        using var model = TransformerModel.CreateTrainable(configuration, options.Seed, options.InitializationDeviation);
        using var pass = new TrainingPass(model, adapter: null, pool);
        using var optimizer = new AdamWOptimizer(model.Parameters!, new AdamWOptions { Beta2 = options.Beta2, WeightDecay = options.WeightDecay }, pool);
        using var tree = new GradientTree(model.Parameters!, pool);
        var runner = new StepRunner(pass, optimizer, tree, microbatchTokens: 0, options.RowsPerLeaf);
        var schedule = new LearningRateSchedule(ScheduleKind.Cosine, options.LearningRate, options.WarmupSteps, options.Steps);

        string checkpoint = Path.Combine(folder, "checkpoint.bin");
        var (step, nextRow) = File.Exists(checkpoint) ? PretrainCheckpoint.Load(checkpoint, model.Parameters!, optimizer) : (0, 0L);
        using var log = LossLog.OpenAt(Path.Combine(folder, "losses.jsonl"), step);
        var stream = new PretrainStream(row => PretrainTokenizer.Render(tokenizer, curriculum.Row(row), options.PromptWeight), options, nextRow);
        int last = Math.Min(steps ?? options.Steps, options.Steps);
        var clock = Stopwatch.StartNew();
        long tokens = 0;
        for (int first = step; step < last; step++)
        {
            var planned = stream.Next();
            double rate = schedule.At(step);
            var result = runner.Run(planned, step + 1, rate, cancellationToken);
            tokens += planned.Rows.Sum(row => (long)row.Length);
            log.Write(step + 1, result.Loss, rate, result.GradientNorm);
            double seconds = clock.Elapsed.TotalSeconds;
            progress?.Report(new TrainingProgress(step + 1, last, result.Loss, rate, result.GradientNorm, tokens / seconds, tokens, 0,
                (last - step - 1) * seconds / (step + 1 - first)));
            if ((step + 1) % options.CheckpointEvery == 0 || step + 1 == last)
                PretrainCheckpoint.Save(checkpoint, step + 1, stream.NextRow, model.Parameters!, optimizer);
        }
        PretrainModel.Save(model, modelFolder);
    }

    /// <summary>losses.jsonl: one line a step, cut back to the checkpoint's step when a run resumes.</summary>
    private sealed class LossLog : IDisposable
    {
        private readonly StreamWriter _writer;

        private LossLog(StreamWriter writer) => _writer = writer;

        public static LossLog OpenAt(string path, int step)
        {
            if (File.Exists(path)) File.WriteAllLines(path, File.ReadAllLines(path).Take(step));
            return new LossLog(new StreamWriter(path, append: step > 0) { AutoFlush = true, NewLine = "\n" });
        }

        // "R": the shortest text that reads back to the same double, so that equal text means equal bits.
        public void Write(int step, double loss, double rate, double norm) => _writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{{\"step\":{step},\"loss\":{loss:R},\"learning_rate\":{rate:R},\"gradient_norm\":{norm:R}}}"));

        public void Dispose() => _writer.Dispose();
    }
}
