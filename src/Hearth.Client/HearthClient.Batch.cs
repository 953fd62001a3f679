using System.Runtime.CompilerServices;
using Hearth.Contracts;

namespace Hearth.Client;

/// <summary>Batch inference jobs.</summary>
public sealed partial class HearthClient
{
    public Task<BatchInferenceJob> CreateBatchJobAsync(BatchInferenceJobParam job, string? id = null, CancellationToken cancellationToken = default) =>
        SendAsync<BatchInferenceJob>(HttpMethod.Post, Below("batchInferenceJobs") + (id is null ? "" : $"?batchInferenceJobId={id}"), job, cancellationToken);

    public Task<BatchInferenceJob> GetBatchJobAsync(string id, CancellationToken cancellationToken = default) =>
        GetAsync<BatchInferenceJob>(Below($"batchInferenceJobs/{id}"), cancellationToken);

    /// <summary>Cancels a job that has not ended; either way it is gone then.</summary>
    public Task DeleteBatchJobAsync(string id, CancellationToken cancellationToken = default) => DeleteAsync(Below($"batchInferenceJobs/{id}"), cancellationToken);

    /// <summary>Yields the job at each poll, the last time in its final state.</summary>
    public async IAsyncEnumerable<BatchInferenceJob> WatchBatchJobAsync(string id, TimeSpan interval, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var job = await GetBatchJobAsync(id, cancellationToken);
            yield return job;
            if (job.State is JobState.JOB_STATE_COMPLETED or JobState.JOB_STATE_FAILED or JobState.JOB_STATE_EXPIRED) yield break;
            await Task.Delay(interval, cancellationToken);
        }
    }
}
