using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>Datasets made of others: a copy, the rows that a filter keeps, the two parts of a split. They are READY at once and remember what they came from.</summary>
public sealed partial class Datasets
{
    private static readonly JsonDocumentOptions RowDepth = new() { MaxDepth = RowJson.MaxDepth };

    /// <summary>A copy of a dataset; it shares the source's bytes.</summary>
    public async ValueTask<Stored<DatasetRecord>> CopyAsync(
        Caller caller, ResourceName name, DatasetRecord dataset, ResourceName source, CancellationToken cancellationToken) =>
        await mailbox.RunAsync(OutboxHandlers.BlobsMailbox, async cancel =>
        {
            var origin = (await RequireReadyAsync(source, cancel)).Value;
            var copy = origin with
            {
                CreatedBy = caller.Email,
                DisplayName = dataset.DisplayName,
                Echo = dataset.Echo,
                Source = new(source.Value, origin.Blob),
            };
            return await resources.CreateAsync<DatasetRecord>(
                caller, resources.NewRow(name, DatasetRecord.Ready, copy, BlobReference(copy.Blob), BlobReference(copy.ReportBlob)), cancel);
        }, cancellationToken);

    /// <summary>The rows of a dataset that <paramref name="keep"/> keeps, in their order.</summary>
    /// <exception cref="HearthException">The source is not READY, or too few rows are kept.</exception>
    public async ValueTask<Stored<DatasetRecord>> FilterAsync(
        Caller caller, ResourceName name, DatasetRecord dataset, ResourceName source, Func<JsonElement, bool> keep, CancellationToken cancellationToken)
    {
        var origin = await RequireReadyAsync(source, cancellationToken);
        await RequireNewAsync(name, cancellationToken);
        await using var kept = blobs.Begin();
        await Task.Run(() =>
        {
            using var rows = File.OpenRead(blobs.PathOf(origin.Value.Blob));
            foreach (var line in RowReader.Walk(rows).Select(row => row.Bytes))
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var row = JsonDocument.Parse(line, RowDepth);
                if (keep(row.RootElement)) Write(kept, line);
            }
        }, cancellationToken);
        await using var part = await CheckPartAsync(origin, name, dataset, kept, "the filter", cancellationToken);
        return (await InsertPartsAsync(caller, "create", name, [part], cancellationToken))[0];
    }

    /// <summary>Two datasets of one: the same rows go to the same part for the same seed, and equal rows stay together.</summary>
    /// <exception cref="HearthException">The source is not READY, an id is taken, or a part would have too few rows.</exception>
    public async ValueTask<IReadOnlyList<Stored<DatasetRecord>>> SplitAsync(Caller caller, ResourceName source, DatasetSplit split, CancellationToken cancellationToken)
    {
        var origin = await RequireReadyAsync(source, cancellationToken);
        foreach (var name in new[] { split.First, split.Second }) await RequireNewAsync(name, cancellationToken);
        await using var first = blobs.Begin();
        await using var second = blobs.Begin();
        await Task.Run(() =>
        {
            var draw = SplitDraw.Of(File.OpenRead(blobs.PathOf(origin.Value.Blob)), split, cancellationToken);
            using var rows = File.OpenRead(blobs.PathOf(origin.Value.Blob));
            foreach (var row in RowReader.Walk(rows)) Write(draw.IsFirst((int)row.Number - 1) ? first : second, row.Bytes);
        }, cancellationToken);
        await using var firstPart = await CheckPartAsync(origin, split.First, split.Dataset, first, "the split", cancellationToken);
        await using var secondPart = await CheckPartAsync(origin, split.Second, split.Dataset, second, "the split", cancellationToken);
        return await InsertPartsAsync(caller, "splitDataset", source, [firstPart, secondPart], cancellationToken);
    }

    /// <summary>The dataset, and with <paramref name="lineage"/> those that it was made of, nearest first. Ancestors that were deleted end the line.</summary>
    public async ValueTask<IReadOnlyList<Stored<DatasetRecord>>> LineageAsync(ResourceName name, bool lineage, CancellationToken cancellationToken)
    {
        var line = new List<Stored<DatasetRecord>> { await RequireReadyAsync(name, cancellationToken) };
        while (lineage && line[^1].Value.Source is { } source)
        {
            // An id that was deleted and given again is another dataset: its rows differ.
            if (await resources.FindAsync<DatasetRecord>(ResourceName.Parse(source.Name), cancellationToken) is not { } parent || parent.Value.Blob != source.Blob) break;
            line.Add(parent);
        }
        return line;
    }

    private async ValueTask<Stored<DatasetRecord>> RequireReadyAsync(ResourceName name, CancellationToken cancellationToken)
    {
        var dataset = await resources.GetAsync<DatasetRecord>(name, cancellationToken);
        return dataset.Row.State == DatasetRecord.Ready ? dataset : throw HearthException.Precondition($"{name} is {dataset.Row.State}. Upload its file first.");
    }

    // Told before the rows are read; the insert decides.
    private async ValueTask RequireNewAsync(ResourceName name, CancellationToken cancellationToken)
    {
        if (await resources.Store.GetAsync(name.Value, cancellationToken) is not null)
            throw new HearthException(ErrorCode.AlreadyExists, $"{name} already exists. Choose another id, or delete it first.");
    }

    private async ValueTask<DerivedPart> CheckPartAsync(
        Stored<DatasetRecord> source, ResourceName name, DatasetRecord dataset, BlobDraft rows, string maker, CancellationToken cancellationToken)
    {
        var file = await CheckAsync(rows, new() { FileName = $"{name.Id}.jsonl" }, cancellationToken);
        try
        {
            if (file.Report.Rows < DatasetValidator.MinRows)
                throw HearthException.Invalid($"{name} would have {file.Report.Rows} of the {source.Value.Rows} rows of {source.Name} by {maker}; at least {DatasetValidator.MinRows} are needed.");
            if (file.Report.FaultCount > 0) throw new HearthException(ErrorCode.DataLoss, $"{source.Name} has rows that no longer pass its checks. Upload it again as a new dataset.");
            await rows.SyncAsync(cancellationToken);
            return new(name, dataset with { Source = new(source.Name.Value, source.Value.Blob) }, rows, file.Report, file.Draft);
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private async ValueTask<IReadOnlyList<Stored<DatasetRecord>>> InsertPartsAsync(
        Caller caller, string method, ResourceName verbOf, IReadOnlyList<DerivedPart> parts, CancellationToken cancellationToken) =>
        await PublishedAsync([.. parts.SelectMany(part => new[] { part.Rows, part.ReportDraft })], hashes =>
            resources.VerbAsync<IReadOnlyList<Stored<DatasetRecord>>>(caller, method, verbOf, (change, _) =>
            {
                var made = new List<Stored<DatasetRecord>>();
                foreach (var (part, blob, report) in parts.Select((part, i) => (part, hashes[2 * i], hashes[2 * i + 1])))
                {
                    var record = Accepted(part.Dataset with { CreatedBy = caller.Email }, part.Report, blob, report);
                    var row = resources.NewRow(part.Name, DatasetRecord.Ready, record, BlobReference(blob), BlobReference(report));
                    change.Insert(row);
                    made.Add(Records.Read<DatasetRecord>(row));
                }
                return new(made);
            }, cancellationToken), cancellationToken);

    private static void Write(BlobDraft draft, ReadOnlyMemory<byte> line)
    {
        draft.Content.Write(line.Span);
        draft.Content.WriteByte((byte)'\n');
    }

    private sealed record DerivedPart(ResourceName Name, DatasetRecord Dataset, BlobDraft Rows, DatasetReport Report, BlobDraft ReportDraft) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => ReportDraft.DisposeAsync();
    }
}
