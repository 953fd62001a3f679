using System.Diagnostics;

namespace Hearth.Training;

/// <summary>Turns finished steps into progress reports and lines of metrics.jsonl. Rates count every computed token, prompt tokens included.</summary>
/// <param name="done">Steps that an earlier attempt has done.</param>
internal sealed class ProgressMeter(IReadOnlyList<PlannedStep> plan, int done, IProgress<TrainingProgress>? progress, RunFolder run)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly long _tokensToDo = plan.Skip(done).Sum(ComputedTokens);
    private long _tokens;
    private long _trained = plan.Take(done).Sum(RowTokens);

    /// <summary>Tokens of the rows so far, prompts included and those of earlier attempts: what is billed.</summary>
    public long TrainedTokens => _trained;

    public void Report(int index, double loss, double learningRate, double gradientNorm)
    {
        var step = plan[index];
        _tokens += ComputedTokens(step);
        _trained += RowTokens(step);
        double seconds = Math.Max(_clock.Elapsed.TotalSeconds, 1e-9);
        double rate = _tokens / seconds;
        var report = new TrainingProgress(index + 1, plan.Count, loss, learningRate, gradientNorm, rate, _trained, step.EpochAtEnd, (_tokensToDo - _tokens) / rate);
        run.WriteStep(report);
        progress?.Report(report);
    }

    private static long RowTokens(PlannedStep step) => step.Rows.Sum(row => row.Segments.Sum(segment => (long)segment.TokenIds.Length));

    private static long ComputedTokens(PlannedStep step) => step.Rows.Sum(row => (long)row.Length);
}
