namespace Hearth.ControlPlane;

/// <summary>Checks of files before they become a dataset's rows.</summary>
public sealed partial class Datasets
{
    // The platform asks for exampleCount before it has the file; our count is the one that is answered.
    private static ValidationOptions Options(string fileName, DatasetRecord dataset) => new() { FileName = fileName, ClaimedRows = dataset.ClaimedRows };

    private async ValueTask<CheckedFile> CheckAsync(BlobDraft rows, ValidationOptions options, CancellationToken cancellationToken)
    {
        await using var written = rows.Read();
        return await CheckAsync(written, options, cancellationToken);
    }

    /// <summary>Checks a file and writes its report to a blob that nobody sees yet.</summary>
    private async ValueTask<CheckedFile> CheckAsync(Stream rows, ValidationOptions options, CancellationToken cancellationToken)
    {
        var draft = blobs.Begin();
        try
        {
            var report = await Task.Run(() => DatasetReportFile.Write(rows, options, draft.Content, cancellationToken), cancellationToken);
            return new(report, draft);
        }
        catch
        {
            await draft.DisposeAsync();
            throw;
        }
    }

    /// <summary>A file's report, as a value and as the blob that is published with what comes of the file.</summary>
    private sealed record CheckedFile(DatasetReport Report, BlobDraft Draft) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Draft.DisposeAsync();
    }
}
