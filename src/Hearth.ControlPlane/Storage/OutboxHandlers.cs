namespace Hearth.ControlPlane;

/// <summary>What leaves the store after a commit (rule R7). Each entry may be delivered twice; doing it again changes nothing.</summary>
public sealed class OutboxHandlers(IStore store, IBlobs blobs, ResourceMailbox mailbox, TimeProvider clock)
{
    /// <summary>Publishing and deleting blobs happen one at a time: equal bytes have one name.</summary>
    public const string BlobsMailbox = "blobs";

    private const string DeleteBlobKind = "blob.delete";
    private const string DeleteFolderKind = "folder.delete";
    private const string DeleteRunKind = "run.delete";
    private static readonly TimeSpan BackOff = TimeSpan.FromSeconds(5);

    public static OutboxEntry DeleteBlob(ResourceName resource, string sha256, DateTimeOffset now) => new(0, resource.Value, DeleteBlobKind, sha256, 0, now);

    public static OutboxEntry DeleteFolder(ResourceName resource, string folder, DateTimeOffset now) => new(0, resource.Value, DeleteFolderKind, folder, 0, now);

    public static OutboxEntry DeleteRun(ResourceName job, DateTimeOffset now) => new(0, job.Value, DeleteRunKind, job.Value, 0, now);

    /// <summary>Delivers what is due and returns how many entries there were.</summary>
    public async ValueTask<int> DeliverAsync(CancellationToken cancellationToken)
    {
        var due = await store.ListOutboxAsync(clock.GetUtcNow(), 100, cancellationToken);
        foreach (var entry in due) await DeliverAsync(entry, cancellationToken);
        return due.Count;
    }

    private async ValueTask DeliverAsync(OutboxEntry entry, CancellationToken cancellationToken)
    {
        var change = new Change();
        try
        {
            await HandleAsync(entry, cancellationToken);
            change.Delivered.Add(entry.Id);
        }
        catch (IOException)
        {
            change.Postponed.Add(entry with { Attempts = entry.Attempts + 1, Due = clock.GetUtcNow() + BackOff * (entry.Attempts + 1) });
        }
        await store.CommitAsync(change, cancellationToken);
    }

    private ValueTask<bool> HandleAsync(OutboxEntry entry, CancellationToken cancellationToken) =>
        mailbox.RunAsync(BlobsMailbox, async cancel =>
        {
            switch (entry.Kind)
            {
                case DeleteBlobKind when !await store.IsReferencedAsync($"blobs/{entry.Payload}", cancel):
                    blobs.Delete(entry.Payload);
                    break;
                case DeleteFolderKind when !await store.IsReferencedAsync($"folders/{entry.Payload}", cancel):
                    blobs.DeleteFolder(entry.Payload);
                    break;
                case DeleteRunKind:
                    blobs.DeleteRunFolder(entry.Payload);
                    break;
            }
            return true;
        }, cancellationToken);
}
