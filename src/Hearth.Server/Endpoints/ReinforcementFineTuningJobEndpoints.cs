using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>reinforcementFineTuningJobs</c></summary>
internal static class ReinforcementFineTuningJobEndpoints
{
    public static void Map(Routes routes)
    {
        new TrainingJobRoutes(JobKind.Reinforcement, "reinforcementFineTuningJobId", typeof(ReinforcementFineTuningJob), ReadAsync, ToContract)
        {
            WithFiles = (files, job) => ((ReinforcementFineTuningJob)job) with { TrainerLogsSignedUrl = files.Log },
        }.Map(routes);
    }

    private static async Task<JobDraft> ReadAsync(Call call)
    {
        var param = await call.ReadAsync<ReinforcementFineTuningJobParam>();
        return TrainingJobMapping.ToDraft(param.TrainingConfig, param.LossConfig) with
        {
            Dataset = param.Dataset,
            EvaluationDataset = param.EvaluationDataset,
            Evaluator = param.Evaluator,
            Rollouts = ToRollouts(param),
            McpServer = param.McpServer,
            NodeCount = param.NodeCount,
            MaxInferenceReplicaCount = param.MaxInferenceReplicaCount,
            DisplayName = param.DisplayName ?? "",
            Wandb = TrainingJobMapping.ToDraft(param.WandbConfig),
            Echo = Mapping.ToEcho(param with { WandbConfig = TrainingJobMapping.WithoutKey(param.WandbConfig) }),
        };
    }

    private static RolloutSettings ToRollouts(ReinforcementFineTuningJobParam param)
    {
        var sampling = param.InferenceParameters ?? new();
        return new()
        {
            Temperature = sampling.Temperature,
            TopP = sampling.TopP,
            TopK = sampling.TopK,
            MaxOutputTokens = sampling.MaxOutputTokens,
            Candidates = sampling.ResponseCandidatesCount,
            ExtraBody = sampling.ExtraBody,
            ChunkSize = param.ChunkSize,
            MaxConcurrentRollouts = param.MaxConcurrentRollouts,
            MaxConcurrentEvaluations = param.MaxConcurrentEvaluations,
        };
    }

    private static ReinforcementFineTuningJob ToContract(Call call, Stored<JobRecord> job)
    {
        var (record, spec, param) = (job.Value, job.Value.Spec, Mapping.FromEcho<ReinforcementFineTuningJobParam>(job.Value.Spec.Echo));
        var rollouts = spec.Rollouts!;
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
            Evaluator = spec.Evaluator,
            TrainingConfig = TrainingJobMapping.ToTrainingConfig(spec, param.TrainingConfig),
            LossConfig = TrainingJobMapping.ToLossConfig(spec.Loss!),
            InferenceParameters = new()
            {
                Temperature = rollouts.Temperature,
                TopP = rollouts.TopP,
                TopK = rollouts.TopK,
                MaxOutputTokens = rollouts.MaxOutputTokens,
                ResponseCandidatesCount = rollouts.Candidates,
                ExtraBody = rollouts.ExtraBody,
            },
            ChunkSize = rollouts.ChunkSize ?? 0,
            MaxConcurrentRollouts = rollouts.MaxConcurrentRollouts ?? 0,
            MaxConcurrentEvaluations = rollouts.MaxConcurrentEvaluations ?? 0,
            MaxInferenceReplicaCount = param.MaxInferenceReplicaCount ?? 0,
            McpServer = param.McpServer ?? "",
            NodeCount = param.NodeCount is > 0 and var nodes ? nodes : 1,
            EvalAutoCarveout = param.EvalAutoCarveout ?? false,
            AwsS3Config = param.AwsS3Config,
            AzureBlobStorageConfig = param.AzureBlobStorageConfig,
            ReservationTarget = param.ReservationTarget ?? "",
            WandbConfig = param.WandbConfig,
            JobProgress = TrainingJobMapping.ToReport(job),
            HearthProgress = TrainingJobMapping.ToProgress(record),
        };
    }
}
