using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>What a <c>deploymentShape</c> does to a deployment's settings: it fills those that the caller left open, and decides the hardware.</summary>
internal static class DeploymentShaping
{
    /// <summary>The settings with the shape's in them, and with the name of the shape's version in place of the short one.</summary>
    public static async ValueTask<DeploymentParam> ApplyAsync(Call call, DeploymentParam param, string model)
    {
        if (param.DeploymentShape is not { Length: > 0 } text) return param;
        if (call.Flag("acceptShapelessRisk")) throw HearthException.Invalid("acceptShapelessRisk is for deployments without a shape. Leave it or deploymentShape out.");
        var skipsChecks = call.Flag("skipShapeValidation");
        var version = await call.Service<DeploymentShapes>().ResolveAsync(call.Caller, text, model, param.EnableAddons, skipsChecks, call.Cancelled);
        if (!skipsChecks) RefuseConflicts(param, version.Name);
        var shape = version.Value.Snapshot;
        var isBase = version.Value.Snapshot.BaseModel == (await call.Service<ModelCatalogue>().FindUsableAsync(call.Caller, model, call.Cancelled)).Name.Value;
        return param with
        {
            DeploymentShape = version.Name.Value,
            EnableAddons = param.EnableAddons ?? (shape.EnableAddons && isBase), // a live merge holds one adapter
            EnableSessionAffinity = param.EnableSessionAffinity ?? shape.EnableSessionAffinity,
            MaxContextLength = param.MaxContextLength ?? shape.MaxContextLength,
            AcceleratorCount = param.AcceleratorCount ?? 1,
            Precision = param.Precision ?? Mapping.ToEnum<Precision>(shape.Precision),
        };
    }

    private static void RefuseConflicts(DeploymentParam param, ResourceName version)
    {
        if (param.AcceleratorType is { } type && type != AcceleratorType.ACCELERATOR_TYPE_UNSPECIFIED) throw Conflict("acceleratorType", type.ToString(), version);
        if (param.AcceleratorCount is > 1) throw Conflict("acceleratorCount", param.AcceleratorCount.Value.ToString(System.Globalization.CultureInfo.InvariantCulture), version);
    }

    private static HearthException Conflict(string field, string value, ResourceName version) => new(
        ErrorCode.InvalidArgument, $"{field} {value} conflicts with deploymentShape {version}, which decides the hardware. Leave {field} out, or pass skipShapeValidation=true.")
    { Param = field };
}
