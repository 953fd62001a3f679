using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>routers</c></summary>
internal static class RouterEndpoints
{
    public static void Map(Routes routes)
    {
        routes.Post("routers", Permission.Create, CreateAsync);
        routes.Get("routers", Permission.View, ListAsync);
        routes.Get("routers/{id}", Permission.View, GetAsync);
        routes.Patch("routers/{id}", Permission.Change, UpdateAsync);
        routes.Delete("routers/{id}", Permission.Change, DeleteAsync);
    }

    private static async Task<object> CreateAsync(Call call)
    {
        var param = await call.ReadAsync<RouterParam>();
        var name = call.NewName(ResourceKind.Routers, call.Query("routerId"), "routerId");
        return ToContract(await call.Service<Routers>().CreateAsync(call.Caller, name, Apply(new(), param), call.Cancelled));
    }

    private static Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(
        call, $"accounts/{call.Account}", new(ResourceKind.Routers, typeof(Router), row => ToContract(Records.Read<RouterRecord>(row))));

    private static async Task<object> GetAsync(Call call)
    {
        var router = await call.Service<ResourceStore>().GetAsync<RouterRecord>(call.Name(ResourceKind.Routers), call.Cancelled);
        return ReadMask.Parse(call.Query("readMask")).Apply(ToContract(router));
    }

    private static async Task<object> UpdateAsync(Call call)
    {
        var param = await call.ReadAsync<RouterParam>();
        return ToContract(await call.Service<Routers>().UpdateAsync(call.Caller, call.Name(ResourceKind.Routers), router => Apply(router, param), call.Cancelled));
    }

    private static async Task<object> DeleteAsync(Call call)
    {
        await call.Service<Routers>().DeleteAsync(call.Caller, call.Name(ResourceKind.Routers), call.Cancelled);
        return Answers.Empty;
    }

    private static RouterRecord Apply(RouterRecord router, RouterParam param)
    {
        Mapping.CheckTexts(param.DisplayName, param.Description);
        return router with
        {
            DisplayName = param.DisplayName ?? router.DisplayName,
            Description = param.Description ?? router.Description,
            Deployments = param.Deployments ?? router.Deployments,
        };
    }

    private static Router ToContract(Stored<RouterRecord> router) => new()
    {
        Name = router.Name.Value,
        DisplayName = router.Value.DisplayName,
        Description = router.Value.Description,
        CreatedBy = router.Value.CreatedBy,
        CreateTime = router.Row.CreateTime,
        UpdateTime = router.Row.UpdateTime,
        Model = router.Value.Model,
        Deployments = router.Value.Deployments,
        State = AccountState.READY,
        Status = new Status(),
    };
}
