using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>Reads the rows of READY datasets, one or all, and says what a model makes of them.</summary>
public sealed class DatasetRows(ResourceStore resources, IBlobs blobs, ModelCatalogue models)
{
    // Counting a large file's tokens takes minutes of a processor: one at a time, others wait.
    private readonly SemaphoreSlim _counting = new(1, 1);

    /// <summary>Row <paramref name="number"/>, from 1; blank lines are not rows.</summary>
    /// <exception cref="HearthException">The dataset is not READY, or has no such row.</exception>
    public async ValueTask<DatasetRow> FindAsync(ResourceName name, long number, CancellationToken cancellationToken)
    {
        var dataset = await RequireReadyAsync(name, cancellationToken);
        if (number < 1 || number > dataset.Value.Rows) throw HearthException.NotFound($"{name} has {dataset.Value.Rows:N0} rows; row {number}");
        var index = await ReadIndexAsync(dataset.Value, cancellationToken);
        return await Task.Run(() => RowReader.Find(blobs.PathOf(dataset.Value.Blob), index, number), cancellationToken)
            ?? throw HearthException.NotFound($"Row {number} of {name}");
    }

    /// <summary>The model whose tokenizer and template to use, as a job on it would: an adapter's tokenizer is its base model's.</summary>
    public async ValueTask<(string Name, IModelRows Rows)> OpenModelAsync(
        Caller caller, string model, IRowRenderer renderer, CancellationToken cancellationToken)
    {
        var found = await models.FindUsableAsync(caller, model, cancellationToken);
        var text = found.Value.Adapter is { } adapter ? await models.FindUsableAsync(caller, adapter.BaseModel, cancellationToken) : found;
        if (text.Value.Path == "") throw HearthException.Precondition($"{found.Name} has no files yet. Upload them first.");
        var template = found.Value.Chat?.Template ?? text.Value.Chat?.Template;
        return (found.Name.Value, await renderer.OpenAsync(text.Value.Path, template, cancellationToken));
    }

    /// <summary>Writes what a model makes of all rows, as a JSON object, while it is counted.</summary>
    /// <param name="contextLength">Rows longer than this are listed; null: the model's context.</param>
    public async ValueTask WriteTokensAsync(
        ResourceName name, string model, IModelRows rows, int? contextLength, Utf8JsonWriter json, CancellationToken cancellationToken)
    {
        var dataset = await RequireReadyAsync(name, cancellationToken);
        await _counting.WaitAsync(cancellationToken);
        try
        {
            await using var file = RowReader.Open(blobs.PathOf(dataset.Value.Blob));
            var isTrained = dataset.Value.HearthFormat is not ("prompts" or "batch");
            await new TokenReport(json, model, rows, contextLength ?? rows.ContextLength, isTrained).WriteAsync(file, cancellationToken);
        }
        finally
        {
            _counting.Release();
        }
    }

    /// <exception cref="HearthException">The dataset is not READY.</exception>
    public async ValueTask<Stored<DatasetRecord>> RequireReadyAsync(ResourceName name, CancellationToken cancellationToken)
    {
        var dataset = await resources.GetAsync<DatasetRecord>(name, cancellationToken);
        return dataset.Row.State == DatasetRecord.Ready && dataset.Value.Blob != ""
            ? dataset
            : throw HearthException.Precondition($"{name} has no rows yet: it is {dataset.Row.State}. Upload a file without faults first.");
    }

    // Reports of earlier versions have no index; then the file is read from its start.
    private async ValueTask<RowIndex> ReadIndexAsync(DatasetRecord dataset, CancellationToken cancellationToken)
    {
        if (dataset.ReportBlob == "") return new();
        await using var report = File.OpenRead(blobs.PathOf(dataset.ReportBlob));
        return (await JsonSerializer.DeserializeAsync<DatasetReport>(report, JsonSerializerOptions.Web, cancellationToken))?.Index ?? new();
    }
}

/// <summary>A row of a file.</summary>
/// <param name="Number">From 1; blank lines are not rows.</param>
/// <param name="Line">From 1.</param>
/// <param name="Offset">Byte offset of the line's first byte.</param>
public sealed record DatasetRow(long Number, long Line, long Offset, string Text);
