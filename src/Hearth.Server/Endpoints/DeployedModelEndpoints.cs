using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>deployedModels</c></summary>
internal static class DeployedModelEndpoints
{
    public static void Map(Routes routes)
    {
        routes.Post("deployedModels", Permission.Create, LoadAsync);
        routes.Get("deployedModels", Permission.View, ListAsync);
        routes.Get("deployedModels/{id}", Permission.View, GetAsync);
        routes.Patch("deployedModels/{id}", Permission.Change, UpdateAsync);
        routes.Delete("deployedModels/{id}", Permission.Change, UnloadAsync);
    }

    private static async Task<object> LoadAsync(Call call)
    {
        var param = await call.ReadAsync<DeployedModelParam>();
        Mapping.CheckTexts(param.DisplayName, param.Description);
        if (string.IsNullOrEmpty(param.Model)) throw HearthException.Invalid("model is required: the adapter to load.");
        if (param.Serverless == true || string.IsNullOrEmpty(param.Deployment))
        {
            throw new HearthException(
                ErrorCode.Unimplemented, "Loading an adapter without a deployment (serverless) is not implemented by this server. Create a deployment of its base model with enableAddons and name it.");
        }
        var deployment = ResourceName.Resolve(param.Deployment, call.Account, ResourceKind.Deployments);
        if (deployment.Account != call.Account) throw HearthException.NotFound(deployment.Value);
        var wanted = new DeployedModelRecord
        {
            Model = param.Model,
            Deployment = deployment.Value,
            Default = param.Default ?? false,
            Public = param.Public ?? false,
            DisplayName = param.DisplayName ?? "",
            Description = param.Description ?? "",
        };
        var replaces = call.Flag("replaceMergedAddon");
        return ToContract(await call.Service<Quotas>().WithinAsync(
            call.Account, QuotaKind.DeployedLoras, replaces ? 0 : 1, cancel => call.Service<Deployments>().LoadAddonAsync(call.Caller, deployment, wanted, replaces, cancel), call.Cancelled));
    }

    private static Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(
        call, $"accounts/{call.Account}", new(ResourceKind.DeployedModels, typeof(DeployedModel), row => ToContract(Records.Read<DeployedModelRecord>(row))));

    private static async Task<object> GetAsync(Call call)
    {
        var record = await call.Service<ResourceStore>().GetAsync<DeployedModelRecord>(call.Name(ResourceKind.DeployedModels), call.Cancelled);
        return ReadMask.Parse(call.Query("readMask")).Apply(ToContract(record));
    }

    private static async Task<object> UpdateAsync(Call call)
    {
        var patch = await call.ReadAsync<DeployedModelParam>();
        Mapping.CheckTexts(patch.DisplayName, patch.Description);
        if (patch.Serverless == true) throw HearthException.Unimplemented("Serving an adapter of yours without a deployment (serverless)");
        return ToContract(await call.Service<DeployedModels>().UpdateAsync(call.Caller, call.Name(ResourceKind.DeployedModels), record => Unmoved(record, patch) with
        {
            Default = patch.Default ?? record.Default,
            Public = patch.Public ?? record.Public,
            DisplayName = patch.DisplayName ?? record.DisplayName,
            Description = patch.Description ?? record.Description,
        }, call.Cancelled));
    }

    private static DeployedModelRecord Unmoved(DeployedModelRecord record, DeployedModelParam patch)
    {
        if (patch.Model is { } model && model != record.Model) throw HearthException.Invalid("model cannot change. Unload this one, and load the other.");
        if (patch.Deployment is { } deployment && deployment != record.Deployment) throw HearthException.Invalid("deployment cannot change. Unload the model, and load it on the other.");
        return record;
    }

    private static async Task<object> UnloadAsync(Call call)
    {
        await call.Service<Deployments>().UnloadAddonAsync(call.Caller, call.Name(ResourceKind.DeployedModels), call.Cancelled);
        return Answers.Empty;
    }

    private static DeployedModel ToContract(Stored<DeployedModelRecord> record) => new()
    {
        Name = record.Name.Value,
        Model = record.Value.Model,
        Deployment = record.Value.Deployment,
        State = Mapping.ToEnum<DeployedModelState>(record.Row.State),
        Status = Mapping.ToStatus(record.Value.StatusCode, record.Value.StatusMessage),
        Default = record.Value.Default,
        Public = record.Value.Public,
        Serverless = record.Value.Serverless,
        DisplayName = record.Value.DisplayName,
        Description = record.Value.Description,
        CreateTime = record.Row.CreateTime,
        UpdateTime = record.Row.UpdateTime,
    };
}
