using System.Collections.Concurrent;

namespace Hearth.ControlPlane;

/// <summary>Keeps a <see cref="BatchRun"/> for each job that has something left to do: found in the store at start, by its changes from then on.</summary>
public sealed class BatchRunner(IStore store, BatchParts parts, TimeProvider clock)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<ResourceName, BatchRun> _runs = [];
    private readonly ConcurrentDictionary<Task, bool> _tasks = [];

    /// <summary>Runs jobs until cancelled; then returns when the last row in flight is given up.</summary>
    /// <param name="report">Told of faults that a run goes on after.</param>
    public async Task RunAsync(Action<ResourceName, Exception> report, CancellationToken cancellationToken)
    {
        void OnCommit(Change change) => Follow(change, report, cancellationToken);
        store.Committed += OnCommit;
        try
        {
            foreach (var account in await store.ListAsync(new ResourceQuery(ResourceKind.Accounts, ""), cancellationToken))
            {
                foreach (var row in await store.ListAsync(new ResourceQuery(ResourceKind.BatchInferenceJobs, account.Name.Value), cancellationToken))
                    if (BatchStates.IsActive(row.State)) Start(row.Name, report, cancellationToken);
            }
            await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The server stops; what is left goes on after the next start.
        }
        finally
        {
            store.Committed -= OnCommit;
            await Task.WhenAll(_tasks.Keys);
        }
    }

    private void Follow(Change change, Action<ResourceName, Exception> report, CancellationToken cancellationToken)
    {
        if (change.Endpoints.Count > 0)
            foreach (var run in _runs.Values) run.Wake(stops: false);
        foreach (var row in change.Deletes)
        {
            if (_runs.TryGetValue(row.Name, out var gone)) gone.Wake(stops: true);
        }
        foreach (var row in change.Inserts.Concat(change.Updates).Where(row => row.Name.Kind == ResourceKind.BatchInferenceJobs))
        {
            if (_runs.TryGetValue(row.Name, out var run)) run.Wake(stops: !BatchStates.TakesRows(row.State));
            else if (BatchStates.IsActive(row.State)) Start(row.Name, report, cancellationToken);
        }
    }

    private void Start(ResourceName name, Action<ResourceName, Exception> report, CancellationToken cancellationToken)
    {
        var run = new BatchRun(parts, name);
        if (cancellationToken.IsCancellationRequested || !_runs.TryAdd(name, run)) return;
        var task = Task.Run(() => KeepAsync(name, run, report, cancellationToken), CancellationToken.None);
        _tasks.TryAdd(task, true);
        _ = task.ContinueWith(_ => _tasks.TryRemove(task, out var _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>A full disk or a busy store pass; anything else is a fault of ours, which ends the job rather than repeats for ever.</summary>
    private async Task KeepAsync(ResourceName name, BatchRun run, Action<ResourceName, Exception> report, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await run.RunAsync(cancellationToken);
                _runs.TryRemove(name, out _);
                // A job of the same name may have come since the last look.
                if (await parts.Jobs.FindActiveAsync(name, cancellationToken) is not null) Start(name, report, cancellationToken);
                return;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                report(name, fault);
                if (!Passes(fault)) await FailAsync(name, fault, report, cancellationToken);
            }
            await Task.WhenAny(Task.Delay(Pause, clock, cancellationToken));
        }
    }

    private static bool Passes(Exception fault) =>
        fault is IOException and not FileNotFoundException or StoreUnavailableException or HearthException { Code: ErrorCode.Unavailable or ErrorCode.Aborted };

    private async Task FailAsync(ResourceName name, Exception fault, Action<ResourceName, Exception> report, CancellationToken cancellationToken)
    {
        var reason = fault is HearthException or InvalidDataException ? fault.Message : "The server could not go on with the job. Its log says why.";
        try
        {
            await parts.Jobs.AbandonAsync(name, reason, cancellationToken);
        }
        catch (Exception again) when (again is not OperationCanceledException)
        {
            report(name, again);
        }
    }
}

/// <summary>Ends jobs whose time is over.</summary>
public sealed class BatchExpiry(BatchJobs jobs) : IDueHandler
{
    public string Kind => BatchJobs.ExpireKind;

    public async ValueTask HandleAsync(DueRow due, CancellationToken cancellationToken) =>
        await jobs.ExpireAsync(ResourceName.Parse(due.Resource), cancellationToken);
}
