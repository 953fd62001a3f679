namespace Hearth.ControlPlane;

/// <summary>
/// Does what is due (rule R8): claims a row by compare-and-set, calls the handler of its kind, removes the row. A claim that is not finished (a crash, a
/// failure) ends by itself and the row is tried again, each time after a longer pause.
/// </summary>
public sealed class DueRunner(IStore store, IEnumerable<IDueHandler> handlers, TimeProvider clock)
{
    private const int Page = 100;
    private static readonly TimeSpan FirstClaim = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestClaim = TimeSpan.FromHours(1);

    private readonly Dictionary<string, IDueHandler> _handlers = handlers.ToDictionary(handler => handler.Kind);
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Runs what is due now, one after the other; a second call waits for the first.</summary>
    /// <returns>How many rows were handled, and the failures of others.</returns>
    public async ValueTask<(int Handled, IReadOnlyList<(DueRow Row, Exception Failure)> Failed)> RunAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return await RunPagesAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask<(int Handled, IReadOnlyList<(DueRow Row, Exception Failure)> Failed)> RunPagesAsync(CancellationToken cancellationToken)
    {
        var handled = 0;
        var failed = new List<(DueRow, Exception)>();
        while (true)
        {
            var rows = await store.ListDueAsync(clock.GetUtcNow(), Page, cancellationToken);
            foreach (var row in rows)
            {
                if (await TryClaimAsync(row, cancellationToken) is not { } claimed) continue;
                try
                {
                    await HandleAsync(claimed, cancellationToken);
                    handled++;
                }
                catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
                {
                    failed.Add((row, failure));
                }
            }
            if (rows.Count < Page) return (handled, failed);
        }
    }

    /// <summary>Null where someone else claimed the row, or it was scheduled anew.</summary>
    private async ValueTask<DueRow?> TryClaimAsync(DueRow row, CancellationToken cancellationToken)
    {
        var length = TimeSpan.FromTicks(Math.Min(LongestClaim.Ticks, FirstClaim.Ticks << Math.Min(row.Attempts, 10)));
        var until = clock.GetUtcNow() + length;
        try
        {
            await store.CommitAsync(new Change().Claim(row, until), cancellationToken);
            return row with { Next = until, Attempts = row.Attempts + 1 };
        }
        catch (VersionConflictException)
        {
            return null;
        }
    }

    private async ValueTask HandleAsync(DueRow claimed, CancellationToken cancellationToken)
    {
        if (!_handlers.TryGetValue(claimed.Kind, out var handler)) throw new InvalidOperationException($"No handler for due rows of kind {claimed.Kind}.");
        await handler.HandleAsync(claimed, cancellationToken);
        var done = new Change();
        done.Handled.Add(claimed);
        await store.CommitAsync(done, cancellationToken);
    }
}
