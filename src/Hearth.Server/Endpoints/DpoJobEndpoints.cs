using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>dpoJobs</c></summary>
internal static class DpoJobEndpoints
{
    public static void Map(Routes routes)
    {
        new TrainingJobRoutes(JobKind.Preference, "dpoJobId", typeof(DpoJob), ReadAsync, ToContract)
        {
            WithFiles = (files, job) => ((DpoJob)job) with { TrainerLogsSignedUrl = files.Log },
        }.Map(routes);
    }

    private static async Task<JobDraft> ReadAsync(Call call)
    {
        var param = await call.ReadAsync<DpoJobParam>();
        return TrainingJobMapping.ToDraft(param.TrainingConfig, param.LossConfig) with
        {
            Dataset = param.Dataset,
            DisplayName = param.DisplayName ?? "",
            Wandb = TrainingJobMapping.ToDraft(param.WandbConfig),
            Echo = Mapping.ToEcho(param with { WandbConfig = TrainingJobMapping.WithoutKey(param.WandbConfig) }),
        };
    }

    private static DpoJob ToContract(Call call, Stored<JobRecord> job)
    {
        var (record, spec, param) = (job.Value, job.Value.Spec, Mapping.FromEcho<DpoJobParam>(job.Value.Spec.Echo));
        return new()
        {
            Name = job.Name.Value,
            DisplayName = spec.DisplayName,
            CreatedBy = record.CreatedBy,
            CreateTime = job.Row.CreateTime,
            UpdateTime = job.Row.UpdateTime,
            CompletedTime = record.CompletedTime,
            State = Mapping.ToEnum<JobState>(job.Row.State),
            Status = Mapping.ToStatus(record.StatusCode, record.StatusMessage),
            EstimatedCost = TrainingJobMapping.EstimatedCost(call, spec, job.Row.CreateTime),
            Dataset = spec.Dataset,
            TrainingConfig = TrainingJobMapping.ToTrainingConfig(spec, param.TrainingConfig),
            LossConfig = TrainingJobMapping.ToLossConfig(spec.Loss!),
            AwsS3Config = param.AwsS3Config,
            AzureBlobStorageConfig = param.AzureBlobStorageConfig,
            RendererHuggingFaceRepoId = param.RendererHuggingFaceRepoId ?? "",
            ReservationTarget = param.ReservationTarget ?? "",
            UseReservation = param.UseReservation ?? false,
            WandbConfig = param.WandbConfig,
            JobProgress = TrainingJobMapping.ToReport(job),
            HearthProgress = TrainingJobMapping.ToProgress(record),
        };
    }
}
