namespace Hearth.ControlPlane;

/// <summary>A preset of deployment settings for one base model.</summary>
public sealed record DeploymentShapeRecord
{
    public const string Minimal = "MINIMAL";
    public const string Fast = "FAST";
    public const string Throughput = "THROUGHPUT";

    public required string BaseModel { get; init; }
    /// <summary>As the wire spells it.</summary>
    public required string Preset { get; init; }
    public string DisplayName { get; init; } = "";
    public string Description { get; init; } = "";
    /// <summary>Adapters can be loaded onto a deployment of this shape.</summary>
    public bool EnableAddons { get; init; }
    public bool EnableSessionAffinity { get; init; }
    /// <summary>Tokens; 0: the model's own.</summary>
    public int MaxContextLength { get; init; }
    public string ModelType { get; init; } = "";
    public long ParameterCount { get; init; }
    public string Precision { get; init; } = "";
    /// <summary>Id of the newest version.</summary>
    public string LatestVersion { get; init; } = "";

    /// <summary>The presets of a model with these facts: what they trade is memory for context, addons and cache affinity.</summary>
    internal static IEnumerable<(string Suffix, DeploymentShapeRecord Shape)> PresetsOf(ResourceName model, ModelFacts facts)
    {
        var plain = new DeploymentShapeRecord { BaseModel = model.Value, Preset = "", ModelType = facts.ModelType, ParameterCount = facts.ParameterCount, Precision = facts.Precision };
        yield return ("minimal", plain with
        {
            Preset = Minimal,
            DisplayName = $"{model.Id} minimal",
            Description = "Least memory: a context of up to 8,192 tokens.",
            EnableAddons = true,
            MaxContextLength = Math.Min(8192, facts.ContextLength),
        });
        yield return ("fast", plain with
        {
            Preset = Fast,
            DisplayName = $"{model.Id} fast",
            Description = "Shortest time to the first token: the whole context, conversations stay on their replica, no addons.",
            EnableSessionAffinity = true,
        });
        yield return ("throughput", plain with
        {
            Preset = Throughput,
            DisplayName = $"{model.Id} throughput",
            Description = "Most tokens over all callers: the whole context, requests go where there is room, addons allowed.",
            EnableAddons = true,
        });
    }
}

/// <summary>A shape as it was at one time; it never changes.</summary>
public sealed record DeploymentShapeVersionRecord
{
    public required DeploymentShapeRecord Snapshot { get; init; }
}
