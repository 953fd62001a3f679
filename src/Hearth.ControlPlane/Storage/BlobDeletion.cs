namespace Hearth.ControlPlane;

/// <summary>Removes files that a committed change no longer names. Another row may have come to name the same bytes meanwhile: then they stay.</summary>
public sealed class BlobDeletion(string kind, IStore store, IBlobs blobs, ResourceMailbox mailbox) : IOutboxHandler
{
    public const string BlobKind = "blob.delete";
    public const string FolderKind = "folder.delete";
    public const string RunKind = "run.delete";

    public static IReadOnlyList<string> Kinds { get; } = [BlobKind, FolderKind, RunKind];

    public string Kind => kind;

    public async ValueTask HandleAsync(OutboxEntry entry, CancellationToken cancellationToken) =>
        await mailbox.RunAsync(OutboxHandlers.BlobsMailbox, async cancel =>
        {
            switch (kind)
            {
                case BlobKind when !await store.IsReferencedAsync($"blobs/{entry.Payload}", cancel):
                    blobs.Delete(entry.Payload);
                    break;
                case FolderKind when !await store.IsReferencedAsync($"folders/{entry.Payload}", cancel):
                    blobs.DeleteFolder(entry.Payload);
                    break;
                case RunKind:
                    blobs.DeleteRunFolder(entry.Payload);
                    break;
            }
            return true;
        }, cancellationToken);
}
