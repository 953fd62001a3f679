namespace Hearth.ControlPlane;

/// <summary>
/// What leaves the store after a commit (rule R7): each entry at least once, a resource's entries in order. A failed one is tried again with growing
/// pauses; after <see cref="MaxAttempts"/> it is dead: kept in a list for the operator.
/// </summary>
public sealed class OutboxHandlers(IStore store, IEnumerable<IOutboxHandler> handlers, TimeProvider clock)
{
    /// <summary>About a day of trying.</summary>
    public const int MaxAttempts = 20;

    /// <summary>Publishing and deleting blobs happen one at a time: equal bytes have one name.</summary>
    public const string BlobsMailbox = "blobs";

    private const int LongestError = 1000;
    private static readonly TimeSpan BackOff = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromHours(2);

    private readonly Dictionary<string, IOutboxHandler> _handlers = handlers.ToDictionary(handler => handler.Kind);
    /// <summary>Raised after an entry was given up.</summary>
    public event Action<OutboxEntry>? GaveUp;

    private readonly SemaphoreSlim _turn = new(1, 1);

    public static OutboxEntry DeleteBlob(ResourceName resource, string sha256, DateTimeOffset now) => new(0, resource.Value, BlobDeletion.BlobKind, sha256, 0, now);

    public static OutboxEntry DeleteFolder(ResourceName resource, string folder, DateTimeOffset now) => new(0, resource.Value, BlobDeletion.FolderKind, folder, 0, now);

    public static OutboxEntry DeleteRun(ResourceName job, DateTimeOffset now) => new(0, job.Value, BlobDeletion.RunKind, job.Value, 0, now);

    /// <summary>Delivers what is due and returns how many entries there were; a second call waits for the first, which keeps the order.</summary>
    public async ValueTask<int> DeliverAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return await DeliverPageAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask<int> DeliverPageAsync(CancellationToken cancellationToken)
    {
        var due = await store.ListOutboxAsync(clock.GetUtcNow(), 100, cancellationToken);
        var waiting = new HashSet<string>(); // resources of which an entry failed: later ones keep their order
        foreach (var entry in due)
        {
            if (!waiting.Contains(entry.Resource) && !await DeliverAsync(entry, cancellationToken)) waiting.Add(entry.Resource);
        }
        return due.Count;
    }

    private async ValueTask<bool> DeliverAsync(OutboxEntry entry, CancellationToken cancellationToken)
    {
        var change = new Change();
        try
        {
            if (!_handlers.TryGetValue(entry.Kind, out var handler)) throw new InvalidOperationException($"No handler for outbox entries of kind {entry.Kind}.");
            await handler.HandleAsync(entry, cancellationToken);
            CrashPoint.Reach(CrashPoint.MidOutbox);
            change.Delivered.Add(entry.Id);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            change.Postponed.Add(Postponed(entry, failure));
        }
        await store.CommitAsync(change, cancellationToken);
        foreach (var dead in change.Postponed.Where(postponed => postponed.Dead)) GaveUp?.Invoke(dead);
        return change.Delivered.Count > 0;
    }

    private OutboxEntry Postponed(OutboxEntry entry, Exception failure)
    {
        var attempts = entry.Attempts + 1;
        var pause = TimeSpan.FromTicks(Math.Min(LongestBackOff.Ticks, BackOff.Ticks << Math.Min(attempts - 1, 20)));
        return entry with
        {
            Attempts = attempts,
            Due = clock.GetUtcNow() + pause,
            Dead = attempts >= MaxAttempts,
            Error = failure.Message.Length > LongestError ? failure.Message[..LongestError] : failure.Message,
        };
    }
}
