using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Work that commits make: done at start, at once after a commit that made some, and by polling for what has waited. However many commits come meanwhile, it is looked at once more.</summary>
internal abstract class WokenService(IStore store, TimeSpan poll) : BackgroundService
{
    /// <summary>The commit made work. Called on the committing thread.</summary>
    protected abstract bool IsWokenBy(Change change);

    /// <summary>Does what there is to do. Faults are its own business.</summary>
    protected abstract Task WorkAsync(CancellationToken stoppingToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var woken = new SemaphoreSlim(0);
        void OnCommit(Change change)
        {
            if (IsWokenBy(change) && woken.CurrentCount == 0) woken.Release();
        }

        store.Committed += OnCommit;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await WorkAsync(stoppingToken);
                await woken.WaitAsync(poll, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops; what is left is done after the next start.
        }
        finally
        {
            store.Committed -= OnCommit;
        }
    }
}
