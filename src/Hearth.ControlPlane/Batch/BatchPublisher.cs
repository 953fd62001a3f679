namespace Hearth.ControlPlane;

/// <summary>Makes a job's two files its output dataset, in the transaction that ends the job.</summary>
public sealed class BatchPublisher(ResourceStore resources, IBlobs blobs, ResourceMailbox mailbox, BatchJobs jobs)
{
    /// <summary>Ends a job that is WRITING_RESULTS or being deleted. Without a single row done, a failed or deleted job leaves no dataset.</summary>
    public async ValueTask PublishAsync(Stored<BatchJobRecord> job, CancellationToken cancellationToken)
    {
        var progress = job.Value.Progress;
        var keepsOutput = progress.Processed > 0 || job.Value.EndAs is BatchStates.Completed or BatchStates.Expired;
        if (!keepsOutput)
        {
            await jobs.EndedAsync(job.Name, jobs.DropOutputAsync, cancellationToken);
            return;
        }
        await using var draft = blobs.Begin();
        await CopyAsync(job, draft, cancellationToken);
        // The blobs' own mailbox keeps the outbox from deleting equal bytes between their publication and the row that names them.
        await mailbox.RunAsync(OutboxHandlers.BlobsMailbox, async cancel =>
        {
            var hash = await draft.PublishAsync(cancel);
            return await jobs.EndedAsync(job.Name, (change, current, inner) => FillOutputAsync(change, current, hash, inner), cancel);
        }, cancellationToken);
    }

    /// <summary>The answers, then the errors: one blob, of which the dataset's files are parts.</summary>
    private async ValueTask CopyAsync(Stored<BatchJobRecord> job, BlobDraft draft, CancellationToken cancellationToken)
    {
        var folder = blobs.RunFolder(job.Name.Value);
        new BatchOutput(folder, job.Value.Progress).Dispose(); // what a crash left beyond the offsets goes
        foreach (var file in new[] { BatchOutput.AnswersFile, BatchOutput.ErrorsFile })
        {
            await using var content = File.OpenRead(Path.Combine(folder, file));
            await content.CopyToAsync(draft.Content, cancellationToken);
        }
    }

    private async ValueTask FillOutputAsync(Change change, Stored<BatchJobRecord> job, string hash, CancellationToken cancellationToken)
    {
        var progress = job.Value.Progress;
        // The job refers to its output, so nobody has deleted it; an upload by someone else stays what it is.
        if (await jobs.FindOutputAsync(job, cancellationToken) is not { Row.State: DatasetRecord.Uploading } output) return;
        var bytes = progress.OutputOffset + progress.ErrorOffset;
        var filled = output.Value with
        {
            Rows = progress.Succeeded,
            Blob = hash,
            Bytes = bytes,
            FileName = BatchOutput.AnswersFile,
            Files = [new(BatchOutput.AnswersFile, 0, progress.OutputOffset, 1), new(BatchOutput.ErrorsFile, progress.OutputOffset, progress.ErrorOffset, progress.Succeeded + 1)],
        };
        change.Update(output.With(filled, DatasetRecord.Ready, resources.Now) with { References = [$"blobs/{hash}"] });
        change.Send(OutboxHandlers.DeleteRun(job.Name, resources.Now));
    }
}
