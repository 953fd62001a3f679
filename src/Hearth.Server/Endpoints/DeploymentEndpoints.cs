using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>deployments</c></summary>
internal static class DeploymentEndpoints
{
    public static void Map(Routes routes)
    {
        routes.Post("deployments", Permission.Create, CreateAsync);
        routes.Get("deployments", Permission.View, ListAsync);
        routes.Get("deployments/{id}", Permission.View, GetAsync);
        routes.Patch("deployments/{id}", Permission.Change, UpdateAsync);
        routes.Delete("deployments/{id}", Permission.Change, DeleteAsync);
        routes.Patch("deployments/{id}:scale", Permission.Change, ScaleAsync);
        routes.Post("deployments/{id}:undelete", Permission.Change, UndeleteAsync);
    }

    private static async Task<object> CreateAsync(Call call)
    {
        var asked = await call.ReadAsync<DeploymentParam>();
        var param = await DeploymentShaping.ApplyAsync(call, asked, asked.BaseModel ?? "");
        var name = call.NewName(ResourceKind.Deployments, call.Query("deploymentId"), "deploymentId");
        return await ToContractAsync(call, await call.Service<Deployments>().CreateAsync(
            call.Caller, name, ToSpec(param), !call.Flag("disableAutoDeploy"), call.Flag("validateOnly"), call.Cancelled));
    }

    private static Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(
        call, $"accounts/{call.Account}", new(ResourceKind.Deployments, typeof(Deployment), row => ToContract(Records.Read<DeploymentRecord>(row)))
        {
            DefaultOrder = "createTime",
        });

    private static async Task<object> GetAsync(Call call)
    {
        var deployment = await call.Service<ResourceStore>().GetAsync<DeploymentRecord>(call.Name(ResourceKind.Deployments), call.Cancelled);
        return ReadMask.Parse(call.Query("readMask")).Apply(await ToContractAsync(call, deployment));
    }

    private static async Task<object> UpdateAsync(Call call)
    {
        var asked = await call.ReadAsync<DeploymentParam>();
        var patch = asked.DeploymentShape is { Length: > 0 } ? await ReshapedAsync(call, asked) : asked;
        return await ToContractAsync(call, await call.Service<Deployments>().UpdateAsync(
            call.Caller, call.Name(ResourceKind.Deployments), spec => ToSpec(Mapping.Merge(spec.Echo, patch)) with { BaseModel = patch.BaseModel ?? spec.BaseModel }, call.Cancelled));
    }

    private static async ValueTask<DeploymentParam> ReshapedAsync(Call call, DeploymentParam patch)
    {
        var current = await call.Service<ResourceStore>().GetAsync<DeploymentRecord>(call.Name(ResourceKind.Deployments), call.Cancelled);
        return await DeploymentShaping.ApplyAsync(call, patch, current.Value.Spec.BaseModel);
    }

    private static async Task<object> DeleteAsync(Call call)
    {
        await call.Service<Deployments>().DeleteAsync(call.Caller, call.Name(ResourceKind.Deployments), call.Flag("hard"), call.Flag("ignoreChecks"), call.Cancelled);
        return Answers.Empty;
    }

    private static async Task<object> ScaleAsync(Call call)
    {
        var request = await call.ReadAsync<ScaleDeploymentRequest>();
        if (request.ReplicaCount is not { } replicas) throw HearthException.Invalid("replicaCount is required.");
        await call.Service<Deployments>().ScaleAsync(call.Caller, call.Name(ResourceKind.Deployments), replicas, call.Cancelled);
        return Answers.Empty;
    }

    private static async Task<object> UndeleteAsync(Call call)
    {
        await call.ReadAsync<EmptyMessage>();
        return await ToContractAsync(call, await call.Service<Deployments>().UndeleteAsync(call.Caller, call.Name(ResourceKind.Deployments), call.Cancelled));
    }

    private static DeploymentSpec ToSpec(DeploymentParam param)
    {
        Mapping.CheckTexts(param.DisplayName, param.Description);
        RefuseUnimplemented(param);
        var min = param.MinReplicaCount ?? 0;
        return new()
        {
            BaseModel = param.BaseModel ?? "",
            EnableAddons = param.EnableAddons ?? false,
            MaxContextLength = param.MaxContextLength is 0 ? null : param.MaxContextLength,
            MinReplicaCount = min,
            MaxReplicaCount = param.MaxReplicaCount ?? Math.Max(min, 1),
            Echo = Mapping.ToEcho(param),
        };
    }

    private static void RefuseUnimplemented(DeploymentParam param)
    {
        if (!string.IsNullOrEmpty(param.DraftModel) || param.DraftTokenCount > 0) throw HearthException.Unimplemented("Speculative decoding with a draft model (draftModel, draftTokenCount)");
        if (param.NgramSpeculationLength > 0) throw HearthException.Unimplemented("N-gram speculation (ngramSpeculationLength)");
        if (param.EnableMtp == true) throw HearthException.Unimplemented("Multi-token prediction (enableMtp)");
        if (param.EnableHotLoad == true) throw HearthException.Unimplemented("Hot loading of weights (enableHotLoad)");
        if (param.EnableHotReloadLatestAddon == true) throw HearthException.Unimplemented("Hot reload of the latest addon (enableHotReloadLatestAddon)");
        if (param.DirectRouteType is not (null or DirectRouteType.DIRECT_ROUTE_TYPE_UNSPECIFIED) || param.DirectRouteApiKeys is { Count: > 0 })
            throw HearthException.Unimplemented("Direct routes (directRouteType, directRouteApiKeys)");
    }

    private static async ValueTask<Deployment> ToContractAsync(Call call, Stored<DeploymentRecord> deployment)
    {
        var ready = (await call.Service<IStore>().ListEndpointsAsync(deployment.Name.Value, call.Cancelled)).Count;
        return ToContract(deployment, ready);
    }

    // In a list, the state says whether a replica serves.
    private static Deployment ToContract(Stored<DeploymentRecord> deployment) =>
        ToContract(deployment, deployment.Row.State == DeploymentStates.Ready ? deployment.Value.DesiredReplicas : 0);

    private static Deployment ToContract(Stored<DeploymentRecord> deployment, int ready)
    {
        var (record, spec, param) = (deployment.Value, deployment.Value.Spec, Mapping.FromEcho<DeploymentParam>(deployment.Value.Spec.Echo));
        return new()
        {
            Name = deployment.Name.Value,
            DisplayName = param.DisplayName ?? "",
            Description = param.Description ?? "",
            CreateTime = deployment.Row.CreateTime,
            UpdateTime = deployment.Row.UpdateTime,
            DeleteTime = record.DeleteTime,
            PurgeTime = record.PurgeTime,
            ExpireTime = param.ExpireTime,
            State = Mapping.ToEnum<DeploymentState>(deployment.Row.State),
            Status = Mapping.ToStatus(record.StatusCode, record.StatusMessage),
            BaseModel = spec.BaseModel,
            EnableAddons = spec.EnableAddons,
            MaxContextLength = spec.MaxContextLength ?? 0,
            MinReplicaCount = spec.MinReplicaCount,
            MaxReplicaCount = spec.MaxReplicaCount,
            MaxWithRevocableReplicaCount = param.MaxWithRevocableReplicaCount ?? 0,
            DesiredReplicaCount = record.DesiredReplicas,
            ReplicaCount = record.DesiredReplicas,
            ReplicaStats = new() { ReadyReplicaCount = ready, InitializingReplicaCount = Math.Max(0, record.DesiredReplicas - ready) },
            AcceleratorCount = param.AcceleratorCount ?? 0,
            AcceleratorType = param.AcceleratorType ?? default,
            ActiveModelVersion = param.ActiveModelVersion ?? "",
            TargetModelVersion = param.TargetModelVersion ?? "",
            AutoscalingPolicy = WithDefaults(param.AutoscalingPolicy),
            AutoTune = param.AutoTune,
            DeploymentShape = param.DeploymentShape ?? "",
            DeploymentTemplate = param.DeploymentTemplate ?? "",
            DirectRouteApiKeys = [],
            DisableDeploymentSizeValidation = param.DisableDeploymentSizeValidation ?? false,
            EnableSessionAffinity = param.EnableSessionAffinity ?? false,
            HotLoadBucketType = param.HotLoadBucketType ?? default,
            HotLoadBucketUrl = param.HotLoadBucketUrl ?? "",
            Placement = param.Placement ?? new Placement { MultiRegion = MultiRegion.GLOBAL },
            Region = param.Placement?.Region ?? default,
            Precision = param.Precision ?? default,
            PricingPlanId = param.PricingPlanId ?? "",
        };
    }

    private static AutoscalingPolicy WithDefaults(AutoscalingPolicy? policy) => new()
    {
        ScaleUpWindow = policy?.ScaleUpWindow ?? "30s",
        ScaleDownWindow = policy?.ScaleDownWindow ?? "600s",
        ScaleToZeroWindow = policy?.ScaleToZeroWindow ?? "3600s",
        LoadTargets = policy?.LoadTargets ?? new Dictionary<string, double> { ["default"] = 0.8 },
    };
}
