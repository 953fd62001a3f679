using System.Security.Cryptography;
using System.Text;

namespace Hearth.ControlPlane;

/// <summary>
/// Files on their way into a resource, for every collection that takes files by signed address: offered by the resource's own verb, landed one by one,
/// taken by its validation. Each is a row below the resource, so that an acknowledged file survives a crash and an abandoned one is found.
/// </summary>
public sealed class Uploads(ResourceStore resources, IBlobs blobs, ResourceMailbox mailbox)
{
    public const int MaxFiles = 1000;
    private const int MaxNameBytes = 255;
    private const long DiskReserve = 256L << 20; // left for the database and the logs

    /// <summary>How long an address takes its file.</summary>
    public static TimeSpan AddressPeriod { get; } = TimeSpan.FromHours(1);

    /// <summary>Opens a place for each file. A file that was offered before gets a new place, and what landed in the old one goes.</summary>
    /// <param name="filenameToSize">Bare file names with their exact sizes in bytes.</param>
    /// <returns>In ordinal order of file name.</returns>
    /// <exception cref="HearthException">The resource is gone, a name or size is not allowed, or the disk has no room.</exception>
    public async ValueTask<IReadOnlyList<Stored<UploadRecord>>> OfferAsync(
        Caller caller, ResourceName resource, IReadOnlyDictionary<string, long> filenameToSize, CancellationToken cancellationToken)
    {
        Check(filenameToSize);
        var offer = await resources.Store.NextEpochAsync(cancellationToken);
        return await resources.VerbAsync(caller, "getUploadEndpoint", resource, async (change, cancel) =>
        {
            if (await resources.Store.GetAsync(resource.Value, cancel) is not { Deleted: false }) throw HearthException.NotFound(resource.Value);
            var offered = new List<Stored<UploadRecord>>();
            foreach (var (file, bytes) in filenameToSize.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                offered.Add(await OfferAsync(change, caller, NameOf(resource, file), new() { FileName = file, Bytes = bytes, Offer = offer }, cancel));
            return offered;
        }, cancellationToken);
    }

    /// <summary>Answers quietly where the address still takes a file.</summary>
    /// <exception cref="HearthException">The file is there already, or the address was replaced or withdrawn.</exception>
    public async ValueTask RequireOpenAsync(ResourceName upload, long offer, CancellationToken cancellationToken) =>
        RequireOpen(await resources.FindAsync<UploadRecord>(upload, cancellationToken), offer);

    /// <summary>Publishes the file's bytes; they are acknowledged, and kept, once this returns.</summary>
    public async ValueTask LandAsync(ResourceName upload, long offer, BlobDraft draft, CancellationToken cancellationToken)
    {
        await draft.SyncAsync(cancellationToken);
        await mailbox.RunAsync(OutboxHandlers.BlobsMailbox, async cancel =>
        {
            var open = RequireOpen(await resources.FindAsync<UploadRecord>(upload, cancel), offer);
            var hash = await draft.PublishAsync(cancel);
            return await resources.VerbAsync(CallerOf(open), "put", upload, async (change, inner) =>
            {
                var current = RequireOpen(await resources.FindAsync<UploadRecord>(upload, inner), offer);
                var landed = current.With(current.Value with { Blob = hash }, UploadRecord.Landed, resources.Now);
                change.Update(landed with { References = [$"blobs/{hash}"] });
                return true;
            }, cancel);
        }, cancellationToken);
    }

    /// <summary>Everything that landed for <paramref name="resource"/>. Call it inside the resource's verb, and adopt or discard the files in its change.</summary>
    /// <exception cref="HearthException">FAILED_PRECONDITION: nothing was uploaded, or an offered file is still missing; the message names it.</exception>
    public async ValueTask<LandedFiles> TakeAsync(ResourceName resource, CancellationToken cancellationToken)
    {
        var all = await ListAsync(resource, cancellationToken);
        var missing = all.Where(file => file.Row.State == UploadRecord.Offered && file.Value.Expires > resources.Now).Select(file => file.Value.FileName).ToList();
        if (missing.Count > 0)
            throw HearthException.Precondition($"{resource} waits for {string.Join(", ", missing)}. PUT each file to its address from {resource}:getUploadEndpoint.");
        var landed = all.Where(file => file.Row.State == UploadRecord.Landed).ToList();
        return landed.Count > 0
            ? new(landed, [.. all.Except(landed)])
            : throw HearthException.Precondition($"{resource} has no files yet. Ask {resource}:getUploadEndpoint for addresses and PUT the files there.");
    }

    /// <summary>The rows of a resource's files, landed or not, in ordinal order of file name.</summary>
    public async ValueTask<IReadOnlyList<Stored<UploadRecord>>> ListAsync(ResourceName resource, CancellationToken cancellationToken) =>
        [.. (await resources.Store.ListAsync(new ResourceQuery(ResourceKind.Uploads, resource.Value), cancellationToken))
            .Select(Records.Read<UploadRecord>).OrderBy(file => file.Value.FileName, StringComparer.Ordinal)];

    /// <summary>The resource ends: what was on its way to it ends in the same change.</summary>
    public async ValueTask DropAllAsync(Change change, ResourceName resource, CancellationToken cancellationToken)
    {
        foreach (var file in await ListAsync(resource, cancellationToken)) Drop(change, file, resources.Now);
    }

    internal static void Close(Change change, Stored<UploadRecord> file) => change.Delete(file.Row).Unschedule(file.Name.Value, UploadExpiry.DueKind);

    internal static void Drop(Change change, Stored<UploadRecord> file, DateTimeOffset now)
    {
        Close(change, file);
        if (file.Value.Blob != "") change.Send(OutboxHandlers.DeleteBlob(file.Name, file.Value.Blob, now));
    }

    private async ValueTask<Stored<UploadRecord>> OfferAsync(Change change, Caller caller, ResourceName name, UploadRecord file, CancellationToken cancellationToken)
    {
        var record = file with { Expires = resources.Now + AddressPeriod, CreatedBy = caller.Email, User = caller.User, KeyId = caller.KeyId };
        var known = await resources.FindAsync<UploadRecord>(name, cancellationToken);
        if (known is { Value.Blob: not "" and var old }) change.Send(OutboxHandlers.DeleteBlob(name, old, resources.Now));
        var row = known is null ? resources.NewRow(name, UploadRecord.Offered, record) : known.With(record, UploadRecord.Offered, resources.Now) with { References = [] };
        _ = known is null ? change.Insert(row) : change.Update(row);
        change.Schedule(new(resources.Now + UploadExpiry.Period, name.Value, UploadExpiry.DueKind));
        return Records.Read<UploadRecord>(row);
    }

    private void Check(IReadOnlyDictionary<string, long> filenameToSize)
    {
        if (filenameToSize.Count is 0 or > MaxFiles)
            throw HearthException.Invalid($"filenameToSize names {filenameToSize.Count} files. Name 1 to {MaxFiles}, each with its size in bytes.");
        long total = 0;
        foreach (var (file, bytes) in filenameToSize)
        {
            CheckName(file);
            if (bytes < 0 || bytes > long.MaxValue - total) throw HearthException.Invalid($"filenameToSize gives {file} a size of {bytes} bytes. Give the file's exact size.");
            total += bytes;
        }
        var free = Math.Max(0, blobs.FreeBytes - DiskReserve);
        if (total > free)
            throw new HearthException(ErrorCode.ResourceExhausted, $"The files have {total:N0} bytes and the server's disk has room for {free:N0}. Make room on the server, then ask again.");
    }

    private static void CheckName(string file)
    {
        if (file is not ("" or "." or "..") && Encoding.UTF8.GetByteCount(file) <= MaxNameBytes && !file.Any(char.IsControl) && !file.AsSpan().ContainsAny('/', '\\')) return;
        throw HearthException.Invalid($"'{file}' is not a file name. Give bare names of at most {MaxNameBytes} bytes, without folders.");
    }

    private static Stored<UploadRecord> RequireOpen(Stored<UploadRecord>? upload, long offer)
    {
        if (upload is null || upload.Value.Offer != offer)
            throw new HearthException(ErrorCode.PermissionDenied, "This address is no longer valid: its file was taken, removed, or offered a newer address. Ask :getUploadEndpoint again.");
        return upload.Row.State == UploadRecord.Offered
            ? upload
            : throw new HearthException(ErrorCode.PermissionDenied, $"This address was used: {upload.Value.FileName} is there. Ask :getUploadEndpoint again to replace it.");
    }

    private static Caller CallerOf(Stored<UploadRecord> upload) =>
        new(upload.Name.Account, upload.Value.User, upload.Value.CreatedBy, UserRole.Contributor, upload.Value.KeyId);

    // One row a file name: file names have letters that ids have not.
    private static ResourceName NameOf(ResourceName resource, string file) =>
        ResourceName.Below(resource.Value, ResourceKind.Uploads, "f" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file)))[..24]);
}
