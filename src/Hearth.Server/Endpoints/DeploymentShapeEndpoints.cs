using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>deploymentShapes</c> and their <c>versions</c></summary>
internal static class DeploymentShapeEndpoints
{
    private const string AllShapes = "-";

    public static void Map(Routes routes)
    {
        routes.Get("deploymentShapes", Permission.ViewPublic, ListAsync);
        routes.Get("deploymentShapes/{id}", Permission.ViewPublic, GetAsync);
        routes.Get("deploymentShapes/{id}/versions", Permission.ViewPublic, ListVersionsAsync);
        routes.Get("deploymentShapes/{id}/versions/{version}", Permission.ViewPublic, GetVersionAsync);
        routes.Post("deploymentShapeVersions:match", Permission.View, MatchAsync);
    }

    private static Task<object> ListAsync(Call call)
    {
        var target = call.Query("targetModel");
        return call.Service<Lister>().ListAsync(
            call, $"accounts/{call.Account}", new(ResourceKind.DeploymentShapes, typeof(DeploymentShape), row => ToContract(Records.Read<DeploymentShapeRecord>(row)))
            {
                Rows = target is null ? null : cancel => MatchingRowsAsync(call, target, cancel),
            });
    }

    private static async ValueTask<IReadOnlyList<ResourceRow>> MatchingRowsAsync(Call call, string target, CancellationToken cancellationToken)
    {
        var rows = new List<ResourceRow>();
        foreach (var version in await call.Service<DeploymentShapes>().MatchAsync(call.Caller, target, enableAddons: false, cancellationToken))
        {
            var shape = ResourceName.Parse(version.Name.Parent);
            if (shape.Account == call.Account) rows.Add((await call.Service<ResourceStore>().GetAsync<DeploymentShapeRecord>(shape, cancellationToken)).Row);
        }
        return rows;
    }

    private static async Task<object> GetAsync(Call call)
    {
        var shape = await call.Service<ResourceStore>().GetAsync<DeploymentShapeRecord>(call.Name(ResourceKind.DeploymentShapes), call.Cancelled);
        return ReadMask.Parse(call.Query("readMask")).Apply(ToContract(shape));
    }

    /// <summary>The versions of one shape; of all shapes under <c>deploymentShapes/-</c>.</summary>
    private static async Task<object> ListVersionsAsync(Call call)
    {
        var latest = await LatestAsync(call);
        var shape = call.Name(ResourceKind.DeploymentShapes);
        var all = shape.Id == AllShapes;
        if (!all && !latest.ContainsKey(shape.Value)) throw HearthException.NotFound(shape.Value);
        return await call.Service<Lister>().ListAsync(
            call, shape.Value,
            new(ResourceKind.DeploymentShapeVersions, typeof(DeploymentShapeVersion), row => ToContract(Records.Read<DeploymentShapeVersionRecord>(row), latest))
            {
                Plural = "deploymentShapeVersions",
                Rows = all ? cancel => call.Service<DeploymentShapes>().AllVersionsAsync(call.Account, cancel) : null,
            });
    }

    private static async Task<object> GetVersionAsync(Call call)
    {
        var version = await call.Service<DeploymentShapes>().GetVersionAsync(call.Name(ResourceKind.DeploymentShapes), call.Route("version"), call.Cancelled);
        return ReadMask.Parse(call.Query("readMask")).Apply(ToContract(version, await LatestAsync(call)));
    }

    private static async Task<object> MatchAsync(Call call)
    {
        var request = (await call.ReadAsync<MatchDeploymentShapesRequest>()).CreateDeploymentRequest;
        if (request?.Deployment?.BaseModel is not { Length: > 0 } model) throw HearthException.Invalid("createDeploymentRequest.deployment.baseModel is required: the model to serve.");
        if (request.Parent is { Length: > 0 } parent && parent != $"accounts/{call.Account}")
            throw HearthException.Invalid($"createDeploymentRequest.parent '{parent}' is not the address' accounts/{call.Account}.");
        var matches = await call.Service<DeploymentShapes>().MatchAsync(call.Caller, model, request.Deployment.EnableAddons ?? false, call.Cancelled);
        return new MatchDeploymentShapesResponse
        {
            DeploymentShapeVersions = [.. matches.Select(match => ToContract(match, isLatest: true))],
            TotalSize = matches.Count,
        };
    }

    /// <summary>Newest version by shape.</summary>
    private static async ValueTask<IReadOnlyDictionary<string, string>> LatestAsync(Call call) =>
        (await call.Service<ResourceStore>().ListAsync<DeploymentShapeRecord>(call.Account, ResourceKind.DeploymentShapes, call.Cancelled))
            .ToDictionary(shape => shape.Name.Value, shape => shape.Value.LatestVersion);

    private static DeploymentShapeVersion ToContract(Stored<DeploymentShapeVersionRecord> version, IReadOnlyDictionary<string, string> latest) =>
        ToContract(version, latest.TryGetValue(version.Name.Parent, out var id) && id == version.Name.Id);

    private static DeploymentShapeVersion ToContract(Stored<DeploymentShapeVersionRecord> version, bool isLatest) => new()
    {
        Name = version.Name.Value,
        CreateTime = version.Row.CreateTime,
        LatestValidated = isLatest,
        Public = true,
        Validated = true,
        Snapshot = ToContract(version.Value.Snapshot) with { Name = version.Name.Parent, CreateTime = version.Row.CreateTime, UpdateTime = version.Row.CreateTime },
    };

    private static DeploymentShape ToContract(Stored<DeploymentShapeRecord> shape) =>
        ToContract(shape.Value) with { Name = shape.Name.Value, CreateTime = shape.Row.CreateTime, UpdateTime = shape.Row.UpdateTime };

    private static DeploymentShape ToContract(DeploymentShapeRecord shape) => new()
    {
        BaseModel = shape.BaseModel,
        AcceleratorCount = 1,
        Description = shape.Description,
        DisplayName = shape.DisplayName,
        EnableAddons = shape.EnableAddons,
        EnableSessionAffinity = shape.EnableSessionAffinity,
        MaxContextLength = shape.MaxContextLength,
        ModelType = shape.ModelType,
        ParameterCount = shape.ParameterCount,
        Precision = Mapping.ToEnum<Precision>(shape.Precision),
        PresetType = Mapping.ToEnum<PresetType>(shape.Preset),
    };
}
