using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Hearth.Models;
using Hearth.Numerics;

namespace Hearth.Training;

/// <summary>One attempt at a supervised run: takes the steps that are left, writes metrics and checkpoints.</summary>
internal sealed class SupervisedRun : IDisposable
{
    private readonly SupervisedOptions _options;
    private readonly SupervisedData _data;
    private readonly LoraAdapter _adapter;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly TrainingPass _pass;
    private readonly AdamWOptimizer _optimizer;
    private readonly GradientTree _tree;
    private readonly EarlyStop? _earlyStop;
    private readonly RunFolder _run;
    private readonly LearningRateSchedule _schedule;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private double _earlierSeconds, _lastLoss = double.NaN;
    private double? _lossBefore;
    private string _startHash = "";
    private int _step, _savedStep;
    private TimeSpan _savedAt;

    public SupervisedRun(SupervisedOptions options, SupervisedData data, TransformerModel model, LoraAdapter adapter, ComputePool pool, IProgress<TrainingProgress>? progress)
    {
        (_options, _data, _adapter, _progress) = (options, data, adapter, progress);
        _pass = new TrainingPass(model, adapter, pool);
        _optimizer = new AdamWOptimizer(adapter.Parameters, options.Optimizer, pool);
        _tree = new GradientTree(adapter.Parameters, pool);
        _earlyStop = options.EarlyStop && data.Evaluation.Count > 0 ? new EarlyStop(adapter.Parameters, data.Plan.Count) : null;
        _run = RunFolder.Open(options.RunFolder, options);
        int warmup = options.WarmupSteps ?? Math.Min(10, (int)(0.03 * data.Plan.Count));
        _schedule = new LearningRateSchedule(options.Schedule, options.LearningRate, warmup, data.Plan.Count) { MinRatio = options.MinRateRatio, DecayRatio = options.DecayRatio };
    }

    /// <summary>All steps that are left.</summary>
    /// <exception cref="TrainingException">Numbers are unfit, or nothing was learned.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint of the last whole step is there.</exception>
    public SupervisedResult ToEnd(CancellationToken cancellationToken)
    {
        Begin(cancellationToken);
        var meter = TakeSteps(cancellationToken);
        double? lossAfter = _earlyStop?.Restore() ?? Evaluate(_step, cancellationToken);
        if (RunFolder.HashOf(_adapter.Parameters) == _startHash)
            throw new TrainingException($"The adapter equals its start after {_step} steps: nothing was learned. Raise the learning rate (now {_options.LearningRate}) or the number of steps.");
        string folder = Path.Combine(_options.RunFolder, "adapter");
        _adapter.Save(folder, _options.BaseModelName ?? Path.GetFileName(_options.BaseModelPath.TrimEnd('/')));
        return new SupervisedResult(folder, _step, meter.TrainedTokens, _lastLoss, _lossBefore, lossAfter, Seconds, _earlyStop?.IsOver ?? false);
    }

    private double Seconds => _earlierSeconds + _clock.Elapsed.TotalSeconds;

    private void Begin(CancellationToken cancellationToken)
    {
        _startHash = RunFolder.HashOf(_adapter.Parameters);
        float[] start = _adapter.Parameters.Values.Span.ToArray();
        if (_options.Resume && SupervisedCheckpoint.TryLoad(_options.RunFolder, Fingerprint(), _run.MetricsBytes, Parts()) is { } saved)
        {
            Restore(saved);
            return;
        }
        // A checkpoint that turned out damaged has overwritten what it was read into.
        start.CopyTo(_adapter.Parameters.Values.Span);
        foreach (var part in Parts().Skip(1)) part.Span.Clear();
        SupervisedCheckpoint.DeleteAll(_options.RunFolder);
        _run.CutMetrics(0);
        _lossBefore = Evaluate(step: 0, cancellationToken);
    }

    private void Restore(SupervisedCheckpoint saved)
    {
        (_step, _savedStep, _earlierSeconds, _lastLoss, _lossBefore, _startHash) = (saved.Step, saved.Step, saved.Seconds, saved.LastLoss, saved.LossBefore, saved.StartHash);
        _optimizer.StepCount = saved.Step;
        if (_earlyStop is not null) _earlyStop.State = saved.EarlyStop!;
        _run.CutMetrics(saved.MetricsBytes);
    }

    private ProgressMeter TakeSteps(CancellationToken cancellationToken)
    {
        var runner = new StepRunner(_pass, _optimizer, _tree, _options.MicrobatchTokens, rowsPerLeaf: null);
        var meter = new ProgressMeter(_data.Plan, _step, _progress, _run);
        try
        {
            while (_step < _data.Plan.Count && _earlyStop?.IsOver != true)
            {
                double rate = _schedule.At(_step);
                var result = runner.Run(_data.Plan[_step], _step + 1, rate, cancellationToken);
                _lastLoss = result.Loss;
                meter.Report(_step++, result.Loss, rate, result.GradientNorm);
                // A look may not be cut short between its step and its checkpoint.
                if (_earlyStop?.LooksAfter(_step) == true) _earlyStop.Look(Evaluate(_step, CancellationToken.None)!.Value);
                if (_step < _data.Plan.Count && (_clock.Elapsed - _savedAt).TotalSeconds >= _options.CheckpointSeconds) Save();
            }
        }
        catch (OperationCanceledException) when (_step > _savedStep)
        {
            Save(); // the cancelled step has changed nothing yet
            throw;
        }
        return meter;
    }

    private double? Evaluate(int step, CancellationToken cancellationToken)
    {
        if (_data.Evaluation.Count == 0) return null;
        double loss = StepRunner.Evaluate(_pass, _data.Evaluation, _options.MicrobatchTokens, cancellationToken);
        _run.WriteEvaluation(step, loss);
        return loss;
    }

    private void Save()
    {
        _run.SyncMetrics();
        new SupervisedCheckpoint
        {
            Fingerprint = Fingerprint(),
            Step = _step,
            MetricsBytes = _run.MetricsBytes,
            Seconds = Seconds,
            LastLoss = _lastLoss,
            LossBefore = _lossBefore,
            StartHash = _startHash,
            EarlyStop = _earlyStop?.State,
        }.Save(_options.RunFolder, Parts());
        (_savedStep, _savedAt) = (_step, _clock.Elapsed);
    }

    private IReadOnlyList<FloatBuffer> Parts()
    {
        FloatBuffer[] always = [_adapter.Parameters.Values, _optimizer.FirstMoments, _optimizer.SecondMoments];
        return _earlyStop is null ? always : [.. always, _earlyStop.Best];
    }

    // Where it runs, on how many threads and how often it saves does not decide the result.
    private string Fingerprint() => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(
        _options with { RunFolder = "", Threads = null, MicrobatchTokens = 0, Resume = false, CheckpointSeconds = 0 })));

    public void Dispose()
    {
        _run.Dispose();
        _earlyStop?.Dispose();
        _tree.Dispose();
        _optimizer.Dispose();
        _pass.Dispose();
    }
}
