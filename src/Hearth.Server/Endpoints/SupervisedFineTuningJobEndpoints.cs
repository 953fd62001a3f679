using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>supervisedFineTuningJobs</c></summary>
internal static class SupervisedFineTuningJobEndpoints
{
    private const int FewSteps = 10;

    public static void Map(Routes routes)
    {
        new TrainingJobRoutes(JobKind.Supervised, "supervisedFineTuningJobId", typeof(SupervisedFineTuningJob), ReadAsync, ToContract)
        {
            WithFiles = (files, job) => ((SupervisedFineTuningJob)job) with
            {
                MetricsFileSignedUrl = files.Metrics,
                TrainerLogsSignedUrl = files.Log,
                RenderSamplesSignedUrl = files.Samples,
            },
        }.Map(routes);
        routes.Post("supervisedFineTuningJobs:estimateCost", Permission.Create, EstimateCostAsync);
    }

    /// <summary>Takes the body of a create, makes its checks, and creates nothing.</summary>
    private static async Task<object> EstimateCostAsync(Call call)
    {
        var draft = await ReadAsync(call);
        var spec = await call.Service<JobPlanner>().EstimateAsync(call.Caller, call.NewName(ResourceKind.SupervisedFineTuningJobs, null, ""), draft, call.Cancelled);
        return new CostEstimate { EstimatedCost = TrainingJobMapping.EstimatedCost(call, spec, call.Service<TimeProvider>().GetUtcNow()), HearthTokens = spec.EstimatedTokens };
    }

    private static async Task<JobDraft> ReadAsync(Call call)
    {
        var param = await call.ReadAsync<SupervisedFineTuningJobParam>();
        RefuseUnimplemented(param);
        return ToDraft(param);
    }

    private static void RefuseUnimplemented(SupervisedFineTuningJobParam param)
    {
        if (param.IsTurbo == true) throw HearthException.Unimplemented("Turbo training (isTurbo)");
        if (param.MtpEnabled == true || param.MtpFreezeBaseModel == true || param.MtpNumDraftTokens > 0)
            throw HearthException.Unimplemented("Multi-token prediction (mtpEnabled, mtpFreezeBaseModel, mtpNumDraftTokens)");
        if (param.SamplerCheckpointSaveIntervalSteps > 0) throw HearthException.Unimplemented("Saving sampler checkpoints (samplerCheckpointSaveIntervalSteps)");
        if (param.AwsS3Config is not null || param.AzureBlobStorageConfig is not null)
            throw HearthException.Unimplemented("A dataset in a bucket of your own (awsS3Config, azureBlobStorageConfig)");
    }

    private static JobDraft ToDraft(SupervisedFineTuningJobParam param) => TrainingJobMapping.ToDraft(param) with
    {
        Dataset = param.Dataset,
        EvaluationDataset = param.EvaluationDataset,
        EvaluationCarveout = param.EvalAutoCarveout ?? false,
        EarlyStop = param.EarlyStop ?? false,
        Schedule = ToSchedule(param.LrScheduler),
        Seed = param.HearthSeed,
        DisplayName = param.DisplayName ?? "",
        Wandb = TrainingJobMapping.ToDraft(param.WandbConfig),
        Echo = Mapping.ToEcho(param with { WandbConfig = TrainingJobMapping.WithoutKey(param.WandbConfig) }),
    };

    private static SupervisedFineTuningJob ToContract(Call call, Stored<JobRecord> job)
    {
        var (record, spec, param) = (job.Value, job.Value.Spec, Mapping.FromEcho<SupervisedFineTuningJobParam>(job.Value.Spec.Echo));
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
            EvaluationDataset = spec.EvaluationDataset,
            BaseModel = spec.WarmStartFrom == "" ? spec.BaseModel : "",
            WarmStartFrom = spec.WarmStartFrom,
            OutputModel = spec.OutputModel,
            Epochs = spec.Epochs,
            LearningRate = spec.LearningRate,
            LearningRateWarmupSteps = spec.WarmupSteps ?? 0,
            LoraRank = spec.LoraRank,
            MaxContextLength = spec.MaxContextLength,
            BatchSize = spec.BatchSizeTokens,
            BatchSizeSamples = spec.BatchSizeSamples ?? 0,
            GradientAccumulationSteps = spec.GradientAccumulationSteps,
            OptimizerWeightDecay = spec.WeightDecay,
            JinjaTemplate = spec.JinjaTemplate,
            EvalAutoCarveout = param.EvalAutoCarveout ?? false,
            EarlyStop = spec.EarlyStop,
            LrScheduler = param.LrScheduler ?? new() { Constant = new() },
            Nodes = param.Nodes ?? 0,
            Region = param.Region ?? default,
            RendererHuggingFaceRepoId = param.RendererHuggingFaceRepoId ?? "",
            ReservationTarget = param.ReservationTarget ?? "",
            UsePurpose = param.UsePurpose ?? "",
            UseReservation = param.UseReservation ?? false,
            WandbConfig = param.WandbConfig,
            JobProgress = TrainingJobMapping.ToReport(job),
            HearthProgress = TrainingJobMapping.ToProgress(record),
            HearthEvaluation = record.Evaluation is { } measured ? new() { LossBefore = measured.LossBefore, LossAfter = measured.LossAfter } : null,
            HearthWarnings = record.Progress is { TotalSteps: > 0 and < FewSteps } progress ? [FewStepsWarning(progress.TotalSteps, spec)] : null,
            HearthSeed = spec.Seed,
        };
    }

    private static string FewStepsWarning(int steps, JobSpec spec)
    {
        var batch = spec.BatchSizeSamples is { } rows ? $"batchSizeSamples (now {rows} rows)" : $"the batch (now {spec.BatchSizeTokens} tokens; batchSizeSamples sets it in rows)";
        return $"The job has {steps} optimizer steps; fewer than {FewSteps} seldom teach a model much. Lower {batch}, or raise epochs (now {spec.Epochs}).";
    }

    private static RateSchedule? ToSchedule(LrScheduler? scheduler)
    {
        if (scheduler is null) return null;
        object?[] given = [scheduler.Constant, scheduler.Linear, scheduler.Cosine];
        if (given.Count(one => one is not null) != 1) throw new HearthException(ErrorCode.InvalidArgument, "lrScheduler: give exactly one of constant, linear and cosine.") { Param = "lrScheduler" };
        var falling = scheduler.Linear ?? scheduler.Cosine;
        var shape = scheduler.Constant is not null ? RateShape.Constant : scheduler.Linear is not null ? RateShape.Linear : RateShape.Cosine;
        return new(shape, falling?.MinLrRatio, falling?.DecayRatio);
    }
}
