using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>Keeps one assignment running until it is stopped or done. The node agent holds one for each assignment and epoch.</summary>
internal abstract class WorkerSupervisor(Assignment assignment, INodeReports reports)
{
    /// <summary>Pause before a report that failed is sent again.</summary>
    private static readonly TimeSpan ReportRetry = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource stop = new();
    private Task completion = Task.CompletedTask;
    private volatile WorkerProcess? process;
    private volatile bool isFenced;

    public Assignment Assignment
    {
        get => Volatile.Read(ref assignment);
        protected set => Volatile.Write(ref assignment, value);
    }

    /// <summary>Completes when no process of this assignment runs any more and none will.</summary>
    public Task Completion => completion;

    /// <summary>True once the worker does its work; a newer epoch of a replica takes over from then on.</summary>
    public virtual bool IsReady => true;

    /// <summary>Takes a newer epoch of its assignment over where the running process can become what that asks for. False: it needs a process of its own.</summary>
    public virtual bool TryAdopt(Assignment newer) => false;

    public void Start() => completion = Task.Run(async () =>
    {
        try
        {
            await RunAsync(stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped before its process had started.
        }
    });

    /// <summary>Asks the worker to end; its end is not reported any more.</summary>
    public void Stop() => stop.Cancel();

    /// <summary>The node's lease is lost: the worker ends without delay (rule R5).</summary>
    public void Fence()
    {
        isFenced = true;
        process?.Kill();
        Stop();
    }

    /// <summary>Set before the start where the node holds a lease.</summary>
    public bool IsLeased { get; set; }

    /// <summary>The lease holds: the worker may go on.</summary>
    public void Allow() => process?.Allow(NodeLeaseKeeper.Patience);

    /// <summary>To be called with each process that is started.</summary>
    protected void Watch(WorkerProcess started)
    {
        process = started;
        if (IsLeased) Allow();
        if (isFenced) started.Kill();
    }

    /// <summary>Runs the assignment's process or processes; returns when it is over.</summary>
    protected abstract Task RunAsync(CancellationToken stopping);

    protected INodeReports Reports { get; } = reports;

    /// <summary>Sends a report until the control plane takes it. A refusal (the epoch is no longer current) stops the worker (rule R5).</summary>
    /// <param name="report">Sends it once.</param>
    /// <param name="stops">False for a worker that has been told of a newer epoch, or is about to be: the assignments say how it goes on.</param>
    protected async Task ReportAsync(Func<CancellationToken, ValueTask<bool>> report, bool stops = true)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (!await report(stop.Token) && stops) Stop();
                return;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception)
            {
                // The store is busy or away. What happened is true all the same, so it is told again.
                await Task.WhenAny(Task.Delay(ReportRetry, stop.Token));
            }
        }
    }
}
