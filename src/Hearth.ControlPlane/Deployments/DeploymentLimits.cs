namespace Hearth.ControlPlane;

/// <summary>What the machine holds.</summary>
/// <param name="ReplicasPerDeployment">More are accepted, shown as pending, and start when there is room.</param>
public sealed record DeploymentLimits(int ReplicasPerDeployment)
{
    /// <summary>A replica computes on several cores; with less than two for each they only take turns.</summary>
    public static DeploymentLimits OfThisMachine { get; } = new(Math.Clamp(Environment.ProcessorCount / 2, 1, 8));

    /// <summary>Rules of windows and load targets.</summary>
    public static IEnumerable<FieldFault> Faults(DeploymentSpec spec)
    {
        var hour = TimeSpan.FromHours(1);
        if (spec.ScaleUpWindow > hour) yield return new("autoscalingPolicy.scaleUpWindow", "must be at most 3600s.");
        if (spec.ScaleDownWindow > hour) yield return new("autoscalingPolicy.scaleDownWindow", "must be at most 3600s.");
        if (spec.ScaleToZeroWindow < TimeSpan.FromMinutes(5)) yield return new("autoscalingPolicy.scaleToZeroWindow", "must be at least 300s.");
        foreach (var (target, value) in spec.LoadTargets)
        {
            var rule = target switch
            {
                "default" => value is > 0 and <= 1 ? null : "must be more than 0 and at most 1.",
                "tokens_generated_per_second" or "prompt_tokens_per_second" or "requests_per_second" or "concurrent_requests" => value > 0 ? null : "must be more than 0.",
                _ => "is unknown. Use default, tokens_generated_per_second, prompt_tokens_per_second, requests_per_second or concurrent_requests.",
            };
            if (rule is not null) yield return new($"autoscalingPolicy.loadTargets.{target}", rule);
        }
        if (spec.AcceleratorCount < 0) yield return new("acceleratorCount", "must be 0 or more.");
        if (spec.MinReplicaCount < 0) yield return new("minReplicaCount", "must be 0 or more.");
        if (spec.MaxReplicaCount < 0) yield return new("maxReplicaCount", "must be 0 or more.");
        if (spec.MinReplicaCount > spec.MaxReplicaCount) yield return new("minReplicaCount", $"{spec.MinReplicaCount} is more than maxReplicaCount {spec.MaxReplicaCount}.");
        if (spec is { EnableAddons: true, HotReloadAddon: true }) yield return new("enableHotReloadLatestAddon", "cannot be combined with enableAddons. Choose one.");
    }
}
