using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>quotas</c></summary>
internal static class QuotaEndpoints
{
    public static void Map(Routes routes)
    {
        routes.Get("quotas", Permission.View, ListAsync);
        routes.Get("quotas/{id}", Permission.View, GetAsync);
        routes.Patch("quotas/{id}", Permission.Administer, UpdateAsync);
    }

    private static async Task<object> ListAsync(Call call)
    {
        var shown = new Dictionary<string, Quota>();
        var rows = new List<ResourceRow>();
        foreach (var kind in QuotaKind.All)
        {
            rows.Add(await call.Service<Quotas>().RowAsync(call.Account, kind, call.Cancelled));
            shown[rows[^1].Name.Value] = await ToContractAsync(call, kind, rows[^1]);
        }
        return await call.Service<Lister>().ListAsync(
            call, $"accounts/{call.Account}", new(ResourceKind.Quotas, typeof(Quota), row => shown[row.Name.Value]) { Rows = _ => ValueTask.FromResult<IReadOnlyList<ResourceRow>>(rows) });
    }

    private static async Task<object> GetAsync(Call call)
    {
        var kind = Kind(call);
        return ReadMask.Parse(call.Query("readMask")).Apply(await ToContractAsync(call, kind, await call.Service<Quotas>().RowAsync(call.Account, kind, call.Cancelled)));
    }

    private static async Task<object> UpdateAsync(Call call)
    {
        var kind = Kind(call);
        var value = (await call.ReadAsync<QuotaParam>()).Value ?? throw HearthException.Invalid("value is required: the quota's new value.");
        return await ToContractAsync(call, kind, await call.Service<Quotas>().UpdateAsync(call.Caller, kind, call.Account, value, call.Cancelled));
    }

    private static QuotaKind Kind(Call call) => QuotaKind.Find(call.Route("id")) ?? throw HearthException.NotFound(call.Name(ResourceKind.Quotas).Value);

    private static async ValueTask<Quota> ToContractAsync(Call call, QuotaKind kind, ResourceRow row) => new()
    {
        Name = row.Name.Value,
        Value = Records.Read<QuotaRecord>(row).Value.Value,
        MaxValue = kind.Max,
        Usage = await call.Service<Quotas>().UsageAsync(call.Account, kind, call.Cancelled),
        UpdateTime = row.UpdateTime,
    };
}
