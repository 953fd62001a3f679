using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Hearth.ControlPlane;

/// <summary>Reads all rows of a job before the first is answered: one that is no request fails the whole job.</summary>
public sealed class BatchValidator(ResourceStore resources, IBlobs blobs, BatchJobs jobs)
{
    private const int FaultsShown = 10;

    public async ValueTask ValidateAsync(Stored<BatchJobRecord> job, CancellationToken cancellationToken)
    {
        var input = await resources.GetAsync<DatasetRecord>(ResourceName.Parse(job.Value.Spec.InputDataset), cancellationToken);
        var done = await DoneEarlierAsync(job.Value.Spec, cancellationToken);
        var (seen, faults) = (new HashSet<UInt128>(), new List<string>());
        long rows = 0, faulty = 0;
        foreach (var line in BatchInput.Read(blobs.PathOf(input.Value.Blob), cancellationToken))
        {
            var problem = "";
            try
            {
                var id = Hash(BatchInput.Parse(line.Text).CustomId);
                if (!seen.Add(id)) problem = "custom_id repeats that of an earlier row";
                else if (!done.Contains(id)) rows++;
            }
            catch (InvalidDataException wrong)
            {
                problem = wrong.Message;
            }
            if (problem == "") continue;
            if (++faulty <= FaultsShown) faults.Add($"{input.Value.FileName}:{line.Line}: {problem}");
        }
        if (faulty > 0)
        {
            var more = faulty > FaultsShown ? $" … and {faulty - FaultsShown} more." : "";
            await jobs.InvalidAsync(job.Name, $"chat dataset validation failed on {string.Join("; ", faults)}{more}", cancellationToken);
            return;
        }
        await jobs.ValidatedAsync(job.Name, rows, cancellationToken);
    }

    /// <summary>Ids of the rows that earlier jobs of the chain have answered.</summary>
    public async ValueTask<HashSet<UInt128>> DoneEarlierAsync(BatchJobSpec spec, CancellationToken cancellationToken)
    {
        var done = new HashSet<UInt128>();
        foreach (var output in spec.EarlierOutputs)
        {
            if (await resources.FindAsync<DatasetRecord>(ResourceName.Parse(output), cancellationToken) is not { Row.State: DatasetRecord.Ready } dataset) continue;
            await AddIdsAsync(dataset.Value, done, cancellationToken);
        }
        return done;
    }

    // The errors follow the answers in the same blob; only answered rows are done.
    private async ValueTask AddIdsAsync(DatasetRecord dataset, HashSet<UInt128> done, CancellationToken cancellationToken)
    {
        var left = dataset.Rows;
        foreach (var line in BatchInput.Read(blobs.PathOf(dataset.Blob), cancellationToken))
        {
            if (left-- == 0) return;
            using var answer = System.Text.Json.JsonDocument.Parse(line.Text);
            done.Add(Hash(answer.RootElement.GetProperty("custom_id").GetString()!));
        }
    }

    /// <summary>Stands for an id: a set of millions of them fits in memory.</summary>
    public static UInt128 Hash(string customId) => BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(customId)));
}
