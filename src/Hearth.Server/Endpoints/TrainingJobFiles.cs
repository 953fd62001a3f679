using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Signed addresses of what a job's trainer has written so far; empty where a file is not there.</summary>
internal sealed record TrainingJobFiles(string Metrics, string Log, string Samples)
{
    public static TrainingJobFiles Of(Call call, Stored<JobRecord> job)
    {
        if (!JobKind.Of(job.Name).HasTrainer) return new("", "", ""); // and no run folder either
        var (folder, addresses) = (call.Service<IBlobs>().RunFolder(job.Name.Value), call.Service<SignedAddresses>());
        return new(Address("metrics.jsonl"), Address("trainer.log"), Address("rendered_samples.jsonl"));

        string Address(string file) => new FileInfo(Path.Combine(folder, file)) is { Exists: true, Length: > 0 } ? addresses.ForRunFile(job.Name, file, file) : "";
    }
}
