using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Deployments between the wire and the control plane.</summary>
internal static class DeploymentMapping
{
    private const int MaxAnnotations = 64;
    private const int MaxNgramSpeculation = 64;

    public static DeploymentSpec ToSpec(DeploymentParam param)
    {
        Mapping.CheckTexts(param.DisplayName, param.Description);
        if (param.Annotations?.Count > MaxAnnotations) throw HearthException.Invalid($"annotations has {param.Annotations.Count} entries. Use at most {MaxAnnotations}.");
        RefuseUnimplemented(param);
        var (min, policy, defaults) = (param.MinReplicaCount ?? 0, param.AutoscalingPolicy, new DeploymentSpec { BaseModel = "" });
        return new()
        {
            BaseModel = param.BaseModel ?? "",
            EnableAddons = param.EnableAddons ?? false,
            HotReloadAddon = param.EnableHotReloadLatestAddon ?? false,
            SessionAffinity = param.EnableSessionAffinity ?? false,
            MaxContextLength = param.MaxContextLength is 0 ? null : param.MaxContextLength,
            NgramSpeculationLength = param.NgramSpeculationLength ?? 0,
            MinReplicaCount = min,
            MaxReplicaCount = param.MaxReplicaCount ?? Math.Max(min, 1),
            AcceleratorCount = param.AcceleratorCount ?? 1,
            ScaleUpWindow = Mapping.ToDuration(policy?.ScaleUpWindow, "autoscalingPolicy.scaleUpWindow") ?? defaults.ScaleUpWindow,
            ScaleDownWindow = Mapping.ToDuration(policy?.ScaleDownWindow, "autoscalingPolicy.scaleDownWindow") ?? defaults.ScaleDownWindow,
            ScaleToZeroWindow = Mapping.ToDuration(policy?.ScaleToZeroWindow, "autoscalingPolicy.scaleToZeroWindow") ?? defaults.ScaleToZeroWindow,
            LoadTargets = policy?.LoadTargets is { Count: > 0 } targets ? targets : defaults.LoadTargets,
            Echo = Mapping.ToEcho(param),
        };
    }

    /// <summary>With the fields that a PATCH has. Where a deployment runs and what it is stays.</summary>
    public static DeploymentSpec Patched(DeploymentSpec spec, DeploymentParam patch)
    {
        var current = Mapping.FromEcho<DeploymentParam>(spec.Echo);
        if (patch.Placement is { } place && !IsSame(place, current.Placement ?? new Placement { MultiRegion = MultiRegion.GLOBAL }))
            throw HearthException.Precondition("placement cannot change. Create another deployment there.");
        if (patch.Preemptible is { } preemptible && preemptible != (current.Preemptible ?? false))
            throw HearthException.Precondition("preemptible cannot change. Create another deployment.");
        return ToSpec(Mapping.Merge(spec.Echo, patch)) with { BaseModel = patch.BaseModel is null or "" ? spec.BaseModel : NamedAs(patch.BaseModel, spec.BaseModel) };
    }

    public static Deployment ToContract(Stored<DeploymentRecord> deployment, DeploymentLimits limits)
    {
        var (record, spec, param) = (deployment.Value, deployment.Value.Spec, Mapping.FromEcho<DeploymentParam>(deployment.Value.Spec.Echo));
        var ready = record.Replicas.Count(replica => replica.ServingEpoch > 0);
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
            EnableHotReloadLatestAddon = spec.HotReloadAddon,
            MaxContextLength = spec.MaxContextLength ?? 0,
            NgramSpeculationLength = spec.NgramSpeculationLength,
            MinReplicaCount = spec.MinReplicaCount,
            MaxReplicaCount = spec.MaxReplicaCount,
            MaxWithRevocableReplicaCount = param.MaxWithRevocableReplicaCount ?? 0,
            DesiredReplicaCount = record.DesiredReplicas,
            ReplicaCount = record.Replicas.Count,
            ReplicaStats = new()
            {
                ReadyReplicaCount = ready,
                InitializingReplicaCount = record.Replicas.Count - ready,
                PendingSchedulingReplicaCount = Math.Max(0, record.DesiredReplicas - record.Replicas.Count),
            },
            AcceleratorCount = param.AcceleratorCount ?? 0,
            AcceleratorType = param.AcceleratorType ?? default,
            ActiveModelVersion = param.ActiveModelVersion ?? "",
            TargetModelVersion = param.TargetModelVersion ?? "",
            AutoscalingPolicy = ToPolicy(spec),
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
            Annotations = param.Annotations ?? new Dictionary<string, string>(),
            Preemptible = param.Preemptible ?? false,
            HearthPlacement = ToPlacement(record, param, limits),
        };
    }

    /// <summary>The full name where a short form of it was given: naming the same model is no change.</summary>
    private static string NamedAs(string text, string model)
    {
        var expanded = ModelCatalogue.Expanded(text);
        return expanded == model || expanded == ResourceName.Parse(model).Id ? model : expanded;
    }

    private static bool IsSame(Placement one, Placement other) =>
        (one.MultiRegion, one.Region) == (other.MultiRegion, other.Region) && one.Regions.SequenceEqual(other.Regions);

    private static HearthPlacement ToPlacement(DeploymentRecord record, DeploymentParam param, DeploymentLimits limits)
    {
        var notes = new List<string>();
        if (param.AcceleratorType is { } type && type != AcceleratorType.ACCELERATOR_TYPE_UNSPECIFIED) notes.Add($"{type} is served by this machine's processor.");
        if (param.Placement is { } place && (place.Region != default || place.Regions.Count > 0)) notes.Add("All regions are this machine.");
        if (record.DesiredReplicas > limits.ReplicasPerDeployment) notes.Add($"{record.DesiredReplicas} replicas are wanted, this machine holds {limits.ReplicasPerDeployment} of a deployment.");
        return new() { Node = "local", Device = "cpu", Replicas = record.Replicas.Count, MaxReplicas = limits.ReplicasPerDeployment, Note = string.Join(" ", notes) };
    }

    private static AutoscalingPolicy ToPolicy(DeploymentSpec spec) => new()
    {
        ScaleUpWindow = Mapping.ToDuration(spec.ScaleUpWindow),
        ScaleDownWindow = Mapping.ToDuration(spec.ScaleDownWindow),
        ScaleToZeroWindow = Mapping.ToDuration(spec.ScaleToZeroWindow),
        LoadTargets = spec.LoadTargets,
    };

    private static void RefuseUnimplemented(DeploymentParam param)
    {
        if (!string.IsNullOrEmpty(param.DraftModel) || param.DraftTokenCount > 0) throw HearthException.Unimplemented("Speculative decoding with a draft model (draftModel, draftTokenCount)");
        if (param.NgramSpeculationLength is < 0 or > MaxNgramSpeculation) throw HearthException.Invalid($"ngramSpeculationLength {param.NgramSpeculationLength} must be from 0 (off) to {MaxNgramSpeculation}.");
        if (param.EnableMtp == true) throw HearthException.Unimplemented("Multi-token prediction (enableMtp)");
        if (param.EnableHotLoad == true) throw HearthException.Unimplemented("Hot loading of weights (enableHotLoad)");
        if (param.DirectRouteType is not (null or DirectRouteType.DIRECT_ROUTE_TYPE_UNSPECIFIED) || param.DirectRouteApiKeys?.Count > 0)
            throw HearthException.Unimplemented("Direct routes (directRouteType, directRouteApiKeys)");
    }
}
