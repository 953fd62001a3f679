using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Hearth.ControlPlane;

/// <summary>Takes one job through its states until nothing is left to do. What it holds in memory is read anew after a restart.</summary>
internal sealed class BatchRun(BatchParts parts, ResourceName name)
{
    private const int RowsInFlight = 32;
    private const int MaxReadAhead = 4096;
    private const int MaxLosses = 3;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _signal = new(0);
    private readonly Dictionary<long, int> _losses = []; // by row: how often a replica ended while it answered
    private readonly HashSet<string> _lost = []; // sockets
    private CancellationTokenSource? _answering;

    /// <summary>Something that the job waits for may have happened: capacity, or its own end.</summary>
    /// <param name="stops">The job takes no more rows.</param>
    public void Wake(bool stops)
    {
        _signal.Release();
        if (stops) Volatile.Read(ref _answering)?.Cancel();
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (await parts.Jobs.FindActiveAsync(name, cancellationToken) is { } job)
        {
            switch (job.Row.State)
            {
                case BatchStates.Validating:
                    await parts.Validator.ValidateAsync(job, cancellationToken);
                    break;
                case BatchStates.WritingResults or BatchStates.DeletingCleaningUp:
                    await parts.Publisher.PublishAsync(job, cancellationToken);
                    break;
                default:
                    await AnswerAsync(job, cancellationToken);
                    break;
            }
        }
    }

    private async ValueTask AnswerAsync(Stored<BatchJobRecord> job, CancellationToken cancellationToken)
    {
        if (await parts.Suspension.IsSuspendedAsync(name.Account, cancellationToken))
        {
            await parts.Jobs.PauseAsync(name, cancellationToken);
            await WaitAsync(cancellationToken);
            return;
        }
        if (await parts.Capacity.FindAsync(job, _lost, cancellationToken) is not { } place)
        {
            await parts.Jobs.WaitAsync(name, cancellationToken);
            await WaitAsync(cancellationToken);
            return;
        }
        await parts.Jobs.RunningAsync(name, cancellationToken);
        using var answering = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Volatile.Write(ref _answering, answering);
        try
        {
            // The job may have ended before it could be interrupted here.
            if (await parts.Jobs.FindActiveAsync(name, cancellationToken) is not { Row.State: BatchStates.Running } running) return;
            if (!await AnswerRowsAsync(running, place, answering.Token)) _lost.Add(place.Socket);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Expired or deleted: the next state says what follows.
        }
        finally
        {
            Volatile.Write(ref _answering, null);
        }
    }

    /// <summary>Answers rows until none is left. False where the replica was lost.</summary>
    private async ValueTask<bool> AnswerRowsAsync(Stored<BatchJobRecord> job, BatchPlace place, CancellationToken cancellationToken)
    {
        using var output = new BatchOutput(parts.Blobs.RunFolder(name.Value), job.Value.Progress);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var skipped = new HashSet<long>();
        var inFlight = new HashSet<Task<BatchAnswer>>();
        var (progress, lost) = (job.Value.Progress, false);
        try
        {
            await using var rows = RowsAsync(job, skipped, cancellationToken).GetAsyncEnumerator(cancellationToken);
            var more = await rows.MoveNextAsync();
            while (more || inFlight.Count > 0)
            {
                for (; more && !lost && inFlight.Count < Room(rows.Current) && progress.DoneAhead.Count < MaxReadAhead; more = await rows.MoveNextAsync())
                    inFlight.Add(AnswerRowAsync(rows.Current, place, stop.Token));
                if (inFlight.Count == 0) return false; // the replica was lost
                await Task.WhenAny(inFlight).WaitAsync(cancellationToken);
                var ended = inFlight.Where(task => task.IsCompleted).ToList();
                inFlight.ExceptWith(ended);
                foreach (var fault in ended.Select(task => task.Exception?.InnerException).Where(fault => fault is not null))
                {
                    if (fault is not ReplicaLostException) ExceptionDispatchInfo.Throw(fault!);
                    lost = true;
                }
                var answers = ended.Where(task => task.IsCompletedSuccessfully).Select(task => task.Result).ToList();
                if (answers.Count > 0 && !await CommitAsync(output, answers, skipped, cancellationToken)) return true;
                if (await parts.Suspension.IsSuspendedAsync(name.Account, cancellationToken)) return true;
                progress = (await parts.Jobs.FindActiveAsync(name, cancellationToken))?.Value.Progress ?? progress;
            }
            return !lost && await parts.Jobs.EndingAsync(name, BatchStates.Completed, ErrorCode.Ok, "", cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
            await ((Task)Task.WhenAll(inFlight)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>A row that a replica may have ended from is asked alone: it must not take others with it.</summary>
    private int Room(BatchRow next)
    {
        lock (_losses) return _losses.Count == 0 ? RowsInFlight : _losses.Keys.Max() >= next.Number ? 1 : RowsInFlight;
    }

    private async ValueTask<bool> CommitAsync(BatchOutput output, IReadOnlyList<BatchAnswer> answers, HashSet<long> skipped, CancellationToken cancellationToken)
    {
        var offsets = await output.AppendAsync(answers, cancellationToken);
        return await parts.Jobs.AnsweredAsync(name, answers, skipped, offsets, cancellationToken);
    }

    /// <summary>A row on whose account replicas end again and again fails, so that the others go on.</summary>
    private async Task<BatchAnswer> AnswerRowAsync(BatchRow row, BatchPlace place, CancellationToken cancellationToken)
    {
        try
        {
            return await parts.Rows.AnswerAsync(row, place, cancellationToken);
        }
        catch (ReplicaLostException)
        {
            lock (_losses)
            {
                _losses[row.Number] = _losses.GetValueOrDefault(row.Number) + 1;
                if (_losses[row.Number] < MaxLosses) throw;
            }
            return parts.Rows.Fail(row, ErrorCode.Unavailable, $"The replica ended {MaxLosses} times while it answered this row.");
        }
    }

    /// <summary>Rows that neither this job nor an earlier one of its chain has answered.</summary>
    private async IAsyncEnumerable<BatchRow> RowsAsync(
        Stored<BatchJobRecord> job, HashSet<long> skipped, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var input = await parts.Resources.GetAsync<DatasetRecord>(ResourceName.Parse(job.Value.Spec.InputDataset), cancellationToken);
        var earlier = await parts.Validator.DoneEarlierAsync(job.Value.Spec, cancellationToken);
        var ahead = job.Value.Progress.DoneAhead.ToHashSet();
        foreach (var line in BatchInput.Read(parts.Blobs.PathOf(input.Value.Blob), cancellationToken))
        {
            if (line.Number < job.Value.Progress.Cursor || ahead.Contains(line.Number)) continue;
            var (id, body) = BatchInput.Parse(line.Text);
            if (earlier.Contains(BatchValidator.Hash(id))) skipped.Add(line.Number);
            else yield return new($"{name.Id}-{line.Number}", line.Number, id, body, job.Value.Spec);
        }
    }

    private async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        await _signal.WaitAsync(Poll, cancellationToken);
        while (_signal.Wait(0)) continue; // one look at the rows answers all signals so far
    }
}

/// <summary>What a run works with.</summary>
public sealed record BatchParts(
    ResourceStore Resources, IBlobs Blobs, BatchJobs Jobs, BatchValidator Validator, BatchCapacity Capacity, BatchPublisher Publisher, IBatchRows Rows, Suspension Suspension);
