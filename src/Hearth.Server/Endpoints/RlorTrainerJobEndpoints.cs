using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>rlorTrainerJobs</c>: single reinforcement steps.</summary>
internal static class RlorTrainerJobEndpoints
{
    public static void Map(Routes routes)
    {
        new TrainingJobRoutes(JobKind.ReinforcementStep, "rlorTrainerJobId", typeof(RlorTrainerJob), ReadAsync, ToContract).Map(routes);
        routes.Post("rlorTrainerJobs/{id}:executeTrainStep", Permission.Change, ExecuteTrainStepAsync);
    }

    private static async Task<object> ExecuteTrainStepAsync(Call call)
    {
        var request = await call.ReadAsync<ExecuteTrainStepRequest>();
        await call.Service<ReinforcementSteps>().ExecuteAsync(call.Caller, call.Name(ResourceKind.RlorTrainerJobs), request.Dataset, request.OutputModel, call.Cancelled);
        return Answers.Empty;
    }

    private static async Task<JobDraft> ReadAsync(Call call)
    {
        var param = await call.ReadAsync<RlorTrainerJobParam>();
        (string Field, string? Name)[] deployments =
            [("rolloutDeploymentName", param.RolloutDeploymentName), ("hotLoadDeploymentId", param.HotLoadDeploymentId)];
        return TrainingJobMapping.ToDraft(param.TrainingConfig, param.LossConfig) with
        {
            Dataset = param.Dataset,
            EvaluationDataset = param.EvaluationDataset,
            KeepAlive = param.KeepAlive ?? false,
            ServiceMode = param.ServiceMode ?? false,
            RewardWeights = param.RewardWeights ?? [],
            Deployments = [.. deployments.Where(one => !string.IsNullOrEmpty(one.Name)).Select(one => (one.Field, one.Name!))],
            NodeCount = param.NodeCount,
            DisplayName = param.DisplayName ?? "",
            Wandb = TrainingJobMapping.ToDraft(param.WandbConfig),
            Echo = Mapping.ToEcho(param with { WandbConfig = TrainingJobMapping.WithoutKey(param.WandbConfig) }),
        };
    }

    private static RlorTrainerJob ToContract(Call call, Stored<JobRecord> job)
    {
        var (record, spec, param) = (job.Value, job.Value.Spec, Mapping.FromEcho<RlorTrainerJobParam>(job.Value.Spec.Echo));
        return new()
        {
            Name = job.Name.Value,
            DisplayName = spec.DisplayName,
            CreatedBy = record.CreatedBy,
            CreateTime = job.Row.CreateTime,
            CompletedTime = record.CompletedTime,
            State = Mapping.ToEnum<JobState>(job.Row.State),
            Status = Mapping.ToStatus(record.StatusCode, record.StatusMessage),
            Dataset = spec.Dataset,
            EvaluationDataset = spec.EvaluationDataset,
            EvalAutoCarveout = param.EvalAutoCarveout ?? false,
            TrainingConfig = TrainingJobMapping.ToTrainingConfig(spec, param.TrainingConfig),
            LossConfig = TrainingJobMapping.ToLossConfig(spec.Loss!),
            RewardWeights = param.RewardWeights is { Count: > 0 } weights ? weights : ["score=1.0"],
            RolloutDeploymentName = param.RolloutDeploymentName ?? "",
            HotLoadDeploymentId = param.HotLoadDeploymentId ?? "",
            KeepAlive = param.KeepAlive ?? false,
            ServiceMode = param.ServiceMode ?? false,
            ForwardOnly = param.ForwardOnly ?? false,
            NodeCount = param.NodeCount is > 0 and var nodes ? nodes : 1,
            UsePurpose = param.UsePurpose ?? "",
            AwsS3Config = param.AwsS3Config,
            AzureBlobStorageConfig = param.AzureBlobStorageConfig,
            WandbConfig = param.WandbConfig,
            JobProgress = TrainingJobMapping.ToReport(job),
            HearthProgress = TrainingJobMapping.ToProgress(record),
        };
    }
}
