namespace Hearth.ControlPlane;

/// <summary>Files that came by signed address: one is the dataset's blob as it is, several are joined in order of name.</summary>
public sealed partial class Datasets
{
    /// <summary>Opens places for the dataset's files.</summary>
    /// <exception cref="HearthException">The dataset already has its rows, or a name or size is not allowed.</exception>
    public async ValueTask<IReadOnlyList<Stored<UploadRecord>>> OfferUploadsAsync(
        Caller caller, ResourceName name, IReadOnlyDictionary<string, long> filenameToSize, CancellationToken cancellationToken)
    {
        RequireUploading(await resources.GetAsync<DatasetRecord>(name, cancellationToken));
        return await uploads.OfferAsync(caller, name, filenameToSize, cancellationToken);
    }

    /// <summary>Checks the files that landed. The dataset becomes READY, or stays as it was with a report of the faults and no bytes kept.</summary>
    /// <exception cref="HearthException">A file is missing or has faults.</exception>
    public async ValueTask ValidateUploadAsync(Caller caller, ResourceName name, CancellationToken cancellationToken)
    {
        var dataset = await resources.GetAsync<DatasetRecord>(name, cancellationToken);
        if (dataset.Row.State == DatasetRecord.Ready) return;
        if (dataset.Value.StatusCode != ErrorCode.Ok && (await uploads.ListAsync(name, cancellationToken)).Count == 0)
            throw new HearthException(dataset.Value.StatusCode, dataset.Value.StatusMessage);
        var files = (await uploads.TakeAsync(name, cancellationToken)).Files;
        await using var joined = files.Count == 1 ? null : await JoinAsync(files, cancellationToken);
        await using var checkedFile = await CheckAsync(files, joined, dataset.Value, cancellationToken);
        if (checkedFile.Report.FaultCount > 0) throw await RefuseAsync(caller, name, checkedFile, files, cancellationToken);
        await AcceptAsync(caller, name, files, joined, checkedFile, cancellationToken);
    }

    private async ValueTask<CheckedFile> CheckAsync(
        IReadOnlyList<Stored<UploadRecord>> files, JoinedFiles? joined, DatasetRecord dataset, CancellationToken cancellationToken)
    {
        await using var rows = joined?.Draft.Read() ?? File.OpenRead(blobs.PathOf(files[0].Value.Blob));
        var options = Options(string.Join(", ", files.Select(file => file.Value.FileName)), dataset);
        return await CheckAsync(rows, options with { Locate = joined is null ? null : joined.Locate }, cancellationToken);
    }

    // The bytes of one file are published already, under its upload's row; those of several are published joined.
    private async ValueTask AcceptAsync(
        Caller caller, ResourceName name, IReadOnlyList<Stored<UploadRecord>> files, JoinedFiles? joined, CheckedFile checkedFile, CancellationToken cancellationToken)
    {
        if (joined is not null) await joined.Draft.SyncAsync(cancellationToken);
        await PublishedAsync(joined is null ? [checkedFile.Draft] : [checkedFile.Draft, joined.Draft], hashes =>
            resources.VerbAsync(caller, "validateUpload", name, async (change, cancel) =>
            {
                var current = await resources.GetAsync<DatasetRecord>(name, cancel);
                if (current.Row.State == DatasetRecord.Ready) return true; // another call was faster
                var taken = await RetakeAsync(name, files, cancel);
                var blob = joined is null ? files[0].Value.Blob : hashes[1];
                var accepted = Accepted(current.Value, checkedFile.Report, blob, hashes[0]) with { FileName = files[0].Value.FileName, Files = joined?.Files ?? [] };
                change.Update(current.With(accepted, DatasetRecord.Ready, resources.Now) with { References = [BlobReference(blob), BlobReference(hashes[0])] });
                if (joined is null) taken.Adopt(change);
                else taken.Discard(change, resources.Now);
                DropOldReport(change, current, hashes[0]);
                return true;
            }, cancellationToken), cancellationToken);
    }

    /// <summary>The same files as were checked: one that was offered anew meanwhile has to be checked anew.</summary>
    private async ValueTask<LandedFiles> RetakeAsync(ResourceName name, IReadOnlyList<Stored<UploadRecord>> files, CancellationToken cancellationToken)
    {
        var taken = await uploads.TakeAsync(name, cancellationToken);
        return taken.Files.Select(file => file.Value).SequenceEqual(files.Select(file => file.Value))
            ? taken
            : throw new HearthException(ErrorCode.Aborted, $"The files of {name} changed while they were checked. Ask again.");
    }

    private async ValueTask<JoinedFiles> JoinAsync(IReadOnlyList<Stored<UploadRecord>> files, CancellationToken cancellationToken)
    {
        var joined = new JoinedFiles(blobs.Begin());
        try
        {
            foreach (var file in files)
            {
                await using var part = File.OpenRead(blobs.PathOf(file.Value.Blob));
                await joined.AddAsync(file.Value.FileName, part, cancellationToken);
            }
            return joined;
        }
        catch
        {
            await joined.DisposeAsync();
            throw;
        }
    }
}
