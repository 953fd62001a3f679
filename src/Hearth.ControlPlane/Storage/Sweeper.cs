namespace Hearth.ControlPlane;

/// <summary>
/// Removes files that no row names (rule R9): a crash between a rename and its commit leaves such. It runs at start and once a day. What is younger than
/// <paramref name="age"/> stays: its row may be on the way.
/// </summary>
public sealed class Sweeper(IStore store, IBlobs blobs, ResourceMailbox mailbox, TimeProvider clock, TimeSpan age) : IDueHandler
{
    /// <summary>How old a file without a row must be unless the operator says otherwise.</summary>
    public static readonly TimeSpan DefaultAge = TimeSpan.FromHours(24);

    private const string Resource = "files";
    private static readonly TimeSpan Interval = TimeSpan.FromHours(24);

    public string Kind => "sweep";

    public async ValueTask HandleAsync(DueRow due, CancellationToken cancellationToken) => await RunAsync(cancellationToken);

    /// <summary>Sweeps now and schedules the next time.</summary>
    public async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        var before = clock.GetUtcNow() - age;
        foreach (var (name, isFolder) in blobs.WrittenBefore(before)) await RemoveAsync(name, isFolder, cancellationToken);
        foreach (var job in blobs.RunFoldersBefore(before))
        {
            if (await store.GetAsync(job, cancellationToken) is null) blobs.DeleteRunFolder(job);
        }
        await store.CommitAsync(new Change().Schedule(new(clock.GetUtcNow() + Interval, Resource, Kind)), cancellationToken);
    }

    // Where bytes are published and named, nothing is removed meanwhile.
    private async ValueTask RemoveAsync(string name, bool isFolder, CancellationToken cancellationToken) =>
        await mailbox.RunAsync(OutboxHandlers.BlobsMailbox, async cancel =>
        {
            if (await store.IsReferencedAsync(isFolder ? $"folders/{name}" : $"blobs/{name}", cancel)) return false;
            if (isFolder) blobs.DeleteFolder(name);
            else blobs.Delete(name);
            return true;
        }, cancellationToken);
}
