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
        if (call.Flag("disableSpeculativeDecoding") && param.NgramSpeculationLength > 0)
            throw HearthException.Invalid("ngramSpeculationLength asks for what disableSpeculativeDecoding switches off. Leave one of them out.");
        return ToContract(call, await call.Service<Deployments>().CreateAsync(
            call.Caller, name, DeploymentMapping.ToSpec(param), !call.Flag("disableAutoDeploy"), call.Flag("validateOnly"), call.Cancelled));
    }

    private static Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(
        call, $"accounts/{call.Account}", new(ResourceKind.Deployments, typeof(Deployment), row => ToContract(call, Records.Read<DeploymentRecord>(row)))
        {
            DefaultOrder = "createTime",
        });

    private static async Task<object> GetAsync(Call call)
    {
        var deployment = await call.Service<ResourceStore>().GetAsync<DeploymentRecord>(call.Name(ResourceKind.Deployments), call.Cancelled);
        return ReadMask.Parse(call.Query("readMask")).Apply(ToContract(call, deployment));
    }

    private static async Task<object> UpdateAsync(Call call)
    {
        var asked = await call.ReadAsync<DeploymentParam>();
        var patch = asked.DeploymentShape is { Length: > 0 } ? await ReshapedAsync(call, asked) : asked;
        return ToContract(call, await call.Service<Deployments>().UpdateAsync(
            call.Caller, call.Name(ResourceKind.Deployments), spec => DeploymentMapping.Patched(spec, patch), call.Cancelled));
    }

    private static Deployment ToContract(Call call, Stored<DeploymentRecord> deployment) => DeploymentMapping.ToContract(deployment, call.Service<DeploymentLimits>());

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
        return ToContract(call, await call.Service<Deployments>().UndeleteAsync(call.Caller, call.Name(ResourceKind.Deployments), call.Cancelled));
    }
}
