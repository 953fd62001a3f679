using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>supervisedFineTuningJobs</c></summary>
internal static class SupervisedFineTuningJobEndpoints
{
    public static void Map(Routes routes)
    {
        routes.Post("supervisedFineTuningJobs", Permission.Create, CreateAsync);
        routes.Get("supervisedFineTuningJobs", Permission.View, ListAsync);
        routes.Get("supervisedFineTuningJobs/{id}", Permission.View, GetAsync);
        routes.Delete("supervisedFineTuningJobs/{id}", Permission.Change, DeleteAsync);
        routes.Post("supervisedFineTuningJobs/{id}:cancel", Permission.Change, CancelAsync);
    }

    private static async Task<object> CreateAsync(Call call)
    {
        var param = await call.ReadAsync<SupervisedFineTuningJobParam>();
        Mapping.CheckTexts(param.DisplayName);
        RefuseUnimplemented(param);
        var name = call.NewName(ResourceKind.SupervisedFineTuningJobs, call.Query("supervisedFineTuningJobId"), "supervisedFineTuningJobId");
        return ToContract(await call.Service<SupervisedJobs>().CreateAsync(call.Caller, name, ToDraft(param), call.Cancelled));
    }

    private static Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(
        call, $"accounts/{call.Account}", new(ResourceKind.SupervisedFineTuningJobs, typeof(SupervisedFineTuningJob), row => ToContract(Records.Read<SupervisedJobRecord>(row)))
        {
            DefaultOrder = "createTime",
        });

    private static async Task<object> GetAsync(Call call)
    {
        var job = await call.Service<ResourceStore>().GetAsync<SupervisedJobRecord>(call.Name(ResourceKind.SupervisedFineTuningJobs), call.Cancelled);
        return ReadMask.Parse(call.Query("readMask")).Apply(ToContract(job));
    }

    private static async Task<object> DeleteAsync(Call call)
    {
        await call.Service<SupervisedJobs>().DeleteAsync(call.Caller, call.Name(ResourceKind.SupervisedFineTuningJobs), call.Cancelled);
        return Answers.Empty;
    }

    private static async Task<object> CancelAsync(Call call)
    {
        await call.ReadAsync<EmptyMessage>();
        await call.Service<SupervisedJobs>().CancelAsync(call.Caller, call.Name(ResourceKind.SupervisedFineTuningJobs), call.Cancelled);
        return Answers.Empty;
    }

    private static void RefuseUnimplemented(SupervisedFineTuningJobParam param)
    {
        if (param.LoraRank == 0) throw HearthException.Unimplemented("Full-parameter tuning (loraRank 0)");
        if (param.IsTurbo == true) throw HearthException.Unimplemented("Turbo training (isTurbo)");
        if (param.MtpEnabled == true) throw HearthException.Unimplemented("Multi-token prediction (mtpEnabled)");
        if (param.EarlyStop == true) throw HearthException.Unimplemented("Early stopping (earlyStop)");
        if (param.EvalAutoCarveout == true) throw HearthException.Unimplemented("An automatic evaluation carve-out (evalAutoCarveout)");
        if (param.WandbConfig?.Enabled == true) throw HearthException.Unimplemented("Reporting to Weights & Biases (wandbConfig)");
        if (param.AwsS3Config is not null || param.AzureBlobStorageConfig is not null)
            throw HearthException.Unimplemented("A dataset in a bucket of your own (awsS3Config, azureBlobStorageConfig)");
    }

    private static SupervisedJobDraft ToDraft(SupervisedFineTuningJobParam param) => new()
    {
        Dataset = param.Dataset,
        EvaluationDataset = param.EvaluationDataset,
        BaseModel = param.BaseModel,
        WarmStartFrom = param.WarmStartFrom,
        OutputModel = param.OutputModel,
        Epochs = param.Epochs,
        LearningRate = param.LearningRate,
        LoraRank = param.LoraRank,
        MaxContextLength = param.MaxContextLength,
        BatchSizeTokens = param.BatchSize,
        BatchSizeSamples = param.BatchSizeSamples,
        GradientAccumulationSteps = param.GradientAccumulationSteps,
        WarmupSteps = param.LearningRateWarmupSteps,
        WeightDecay = param.OptimizerWeightDecay,
        JinjaTemplate = param.JinjaTemplate,
        Seed = param.HearthSeed,
        DisplayName = param.DisplayName ?? "",
        WandbApiKey = param.WandbConfig?.ApiKey,
        // The key becomes a secret of the job: it is never returned, so it is not kept here (rule S4).
        Echo = Mapping.ToEcho(param with { WandbConfig = param.WandbConfig is { } wandb ? wandb with { ApiKey = "" } : null }),
    };

    private static SupervisedFineTuningJob ToContract(Stored<SupervisedJobRecord> job)
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
            Nodes = param.Nodes ?? 0,
            Region = param.Region ?? default,
            RendererHuggingFaceRepoId = param.RendererHuggingFaceRepoId ?? "",
            ReservationTarget = param.ReservationTarget ?? "",
            UsePurpose = param.UsePurpose ?? "",
            UseReservation = param.UseReservation ?? false,
            WandbConfig = param.WandbConfig,
            JobProgress = record.Progress is { } progress ? ToReport(progress, job.Row.State) : null,
            HearthProgress = record.Progress is { } trained ? ToProgress(trained) : null,
            HearthEvaluation = record.Evaluation is { } measured ? new() { LossBefore = measured.LossBefore, LossAfter = measured.LossAfter } : null,
            HearthSeed = spec.Seed,
        };
    }

    private static JobProgressReport ToReport(JobProgress progress, string state) => new()
    {
        Percent = state == JobStates.Completed ? 100 : (int)(100L * progress.Step / Math.Max(1, progress.TotalSteps)),
        Epoch = (int)progress.Epoch,
        InputTokens = (int)Math.Min(int.MaxValue, progress.TrainedTokens),
    };

    private static TrainingProgress ToProgress(JobProgress progress) => new()
    {
        Step = progress.Step,
        TotalSteps = progress.TotalSteps,
        Loss = progress.Loss,
        TokensPerSecond = progress.TokensPerSecond,
        TrainedTokens = progress.TrainedTokens,
        Epoch = progress.Epoch,
        SecondsLeft = progress.SecondsLeft,
    };
}
