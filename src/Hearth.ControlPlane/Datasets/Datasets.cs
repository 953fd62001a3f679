namespace Hearth.ControlPlane;

/// <summary>The verbs on datasets.</summary>
public sealed partial class Datasets(ResourceStore resources, IBlobs blobs, ResourceMailbox mailbox, Uploads uploads)
{
    public const int FaultsInError = 10;

    public ValueTask<Stored<DatasetRecord>> CreateAsync(Caller caller, ResourceName name, DatasetRecord dataset, CancellationToken cancellationToken) =>
        resources.CreateAsync<DatasetRecord>(
            caller, resources.NewRow(name, DatasetRecord.Uploading, dataset with { CreatedBy = caller.Email }), cancellationToken);

    public ValueTask<Stored<DatasetRecord>> UpdateAsync(
        Caller caller, ResourceName name, Func<DatasetRecord, DatasetRecord> update, CancellationToken cancellationToken) =>
        resources.UpdateAsync(caller, "update", name, update, cancellationToken);

    /// <summary>Stores and checks a file. The dataset becomes READY, or stays as it was with a report of the faults and no bytes kept.</summary>
    /// <param name="copyAsync">Writes the file's bytes to the stream that it is given.</param>
    /// <exception cref="HearthException">The dataset already has its rows, or the file has faults.</exception>
    public async ValueTask<Stored<DatasetRecord>> UploadAsync(
        Caller caller, ResourceName name, string fileName, Func<Stream, Task> copyAsync, CancellationToken cancellationToken)
    {
        var uploading = RequireUploading(await resources.GetAsync<DatasetRecord>(name, cancellationToken));
        await using var draft = blobs.Begin();
        await copyAsync(draft.Content);
        await using var file = await CheckAsync(draft, Options(fileName, uploading.Value), cancellationToken);
        return file.Report.FaultCount == 0
            ? await AcceptAsync(caller, name, draft, file, cancellationToken)
            : throw await RefuseAsync(caller, name, file, [], cancellationToken);
    }

    public ValueTask<bool> DeleteAsync(Caller caller, ResourceName name, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "delete", name, async (change, cancel) =>
        {
            var dataset = await resources.GetAsync<DatasetRecord>(name, cancel);
            change.Delete(dataset.Row);
            await uploads.DropAllAsync(change, name, cancel);
            foreach (var blob in new[] { dataset.Value.Blob, dataset.Value.ReportBlob }.Where(blob => blob != ""))
                change.Send(OutboxHandlers.DeleteBlob(name, blob, resources.Now));
            return true;
        }, cancellationToken);

    /// <summary>Path of the report of the last upload.</summary>
    public async ValueTask<string> ReportPathAsync(ResourceName name, CancellationToken cancellationToken)
    {
        var dataset = await resources.GetAsync<DatasetRecord>(name, cancellationToken);
        return dataset.Value.ReportBlob == ""
            ? throw HearthException.Precondition($"{name} has no report yet. Upload a file first.")
            : blobs.PathOf(dataset.Value.ReportBlob);
    }

    private async ValueTask<Stored<DatasetRecord>> AcceptAsync(
        Caller caller, ResourceName name, BlobDraft draft, CheckedFile file, CancellationToken cancellationToken)
    {
        await draft.SyncAsync(cancellationToken); // before the mailbox: others wait there
        return await PublishedAsync([draft, file.Draft], hashes =>
            resources.VerbAsync(caller, "upload", name, async (change, cancel) =>
            {
                var current = RequireUploading(await resources.GetAsync<DatasetRecord>(name, cancel));
                var row = current.With(Accepted(current.Value, file.Report, hashes[0], hashes[1]), DatasetRecord.Ready, resources.Now);
                change.Update(row with { References = [BlobReference(hashes[0]), BlobReference(hashes[1])] });
                await uploads.DropAllAsync(change, name, cancel); // what landed by signed address meanwhile
                DropOldReport(change, current, hashes[1]);
                return Records.Read<DatasetRecord>(row);
            }, cancellationToken), cancellationToken);
    }

    private async ValueTask<HearthException> RefuseAsync(
        Caller caller, ResourceName name, CheckedFile file, IReadOnlyList<Stored<UploadRecord>> files, CancellationToken cancellationToken)
    {
        var refusal = Refusal(name, file.Report);
        await PublishedAsync([file.Draft], hashes =>
            resources.VerbAsync(caller, "upload", name, async (change, cancel) =>
            {
                var current = RequireUploading(await resources.GetAsync<DatasetRecord>(name, cancel));
                var refused = current.Value with { StatusCode = refusal.Code, StatusMessage = refusal.Message, ReportBlob = hashes[0] };
                change.Update(current.With(refused, null, resources.Now) with { References = [BlobReference(hashes[0])] });
                if (files.Count > 0) (await RetakeAsync(name, files, cancel)).Discard(change, resources.Now);
                DropOldReport(change, current, hashes[0]);
                return true;
            }, cancellationToken), cancellationToken);
        return refusal;
    }

    // The blobs' own mailboxes keep the outbox from deleting equal bytes between their publication and the row that names them.
    private async ValueTask<T> PublishedAsync<T>(IReadOnlyList<BlobDraft> drafts, Func<string[], ValueTask<T>> commit, CancellationToken cancellationToken) =>
        await mailbox.RunAsync(OutboxHandlers.BlobsMailbox, async cancel =>
        {
            var hashes = new string[drafts.Count];
            for (var i = 0; i < hashes.Length; i++) hashes[i] = await drafts[i].PublishAsync(cancel);
            return await commit(hashes);
        }, cancellationToken);

    private void DropOldReport(Change change, Stored<DatasetRecord> current, string report)
    {
        if (current.Value.ReportBlob != "" && current.Value.ReportBlob != report)
            change.Send(OutboxHandlers.DeleteBlob(current.Name, current.Value.ReportBlob, resources.Now));
    }

    private static DatasetRecord Accepted(DatasetRecord dataset, DatasetReport report, string blob, string reportBlob) => dataset with
    {
        Format = report.Format == "FORMAT_UNSPECIFIED" ? dataset.Format : report.Format,
        HearthFormat = report.HearthFormat,
        Rows = report.Rows,
        TrainableRows = report.TrainableRows,
        EstimatedTokens = report.EstimatedTokens,
        AverageTurns = report.AverageTurns,
        Blob = blob,
        FileName = report.File,
        Bytes = report.Bytes,
        ReportBlob = reportBlob,
        StatusCode = ErrorCode.Ok,
        StatusMessage = "",
    };

    private static HearthException Refusal(ResourceName name, DatasetReport report)
    {
        var shown = report.Faults.Take(FaultsInError).ToList();
        var more = report.FaultCount > shown.Count ? $" … and {report.FaultCount - shown.Count} more; the full list is at the dataset's hearthReport." : "";
        return HearthExceptionWith($"{(report.HearthFormat == "" ? "chat" : report.HearthFormat)} dataset validation failed on {string.Join(" ", shown.Select(fault => fault.Describe(report.File)))}{more}", shown);

        static HearthException HearthExceptionWith(string message, IReadOnlyList<RowFault> faults) =>
            new(ErrorCode.InvalidArgument, $"error validating dataset: {message}")
            {
                Faults = [.. faults.Select(fault => new FieldFault($"line {fault.Line}", $"byte {fault.Offset}: {fault.Rule}. {fault.Remedy}"))],
            };
    }

    private static Stored<DatasetRecord> RequireUploading(Stored<DatasetRecord> dataset) =>
        dataset.Row.State == DatasetRecord.Uploading
            ? dataset
            : throw HearthException.Precondition($"{dataset.Name} is READY: its rows never change. Upload to a new dataset.");

    private static string BlobReference(string sha256) => $"blobs/{sha256}";
}
