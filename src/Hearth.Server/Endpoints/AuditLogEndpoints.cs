using System.Globalization;
using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>auditLogs</c>: who changed what, newest first. Reads are not logged; prompts never are.</summary>
internal static class AuditLogEndpoints
{
    private const int DefaultPageSize = 10; // the platform's, for this list only
    private const int ScanPage = 500;
    private static readonly TimeSpan DefaultPeriod = TimeSpan.FromDays(30);

    public static void Map(Routes routes) => routes.Get("auditLogs", Permission.View, ListAsync);

    private static async Task<object> ListAsync(Call call)
    {
        if (call.Query("orderBy") is { } order) throw HearthException.Invalid($"orderBy '{order}': audit logs come newest first. Leave orderBy out.");
        var query = ListQuery.Bind(call, typeof(AuditLog), "timestamp desc");
        var size = call.Query("pageSize") is null or "0" ? DefaultPageSize : query.PageSize;
        var to = call.Time("endTime");
        var from = call.Time("startTime") ?? (to ?? call.Service<ResourceStore>().Now) - DefaultPeriod;
        var fingerprint = $"{query.Fingerprint}\n{call.Query("startTime")}\n{call.Query("endTime")}";
        var tokens = call.Service<PageTokens>();
        var after = query.PageToken is null ? (long?)null : long.Parse(tokens.Read(query.PageToken, fingerprint).Name, CultureInfo.InvariantCulture);
        var found = await FindAsync(call, new AuditQuery(call.Account) { From = from, To = to, BeforeId = after }, query.Filter, size + 1);
        return new Dictionary<string, object>
        {
            ["auditLogs"] = found.Take(size).Select(entry => query.Mask.Apply(ToContract(entry))).ToList(),
            ["nextPageToken"] = found.Count > size ? tokens.Write(new(found[size - 1].Id.ToString(CultureInfo.InvariantCulture), found[size - 1].At), fingerprint) : "",
            ["totalSize"] = 0, // as the platform answers: the log is not counted
        };
    }

    private static async ValueTask<List<AuditEntry>> FindAsync(Call call, AuditQuery walk, FilterNode? filter, int count)
    {
        var found = new List<AuditEntry>();
        while (true)
        {
            var limit = filter is null ? count : ScanPage;
            var page = await call.Service<IStore>().ListAuditAsync(walk with { Limit = limit }, call.Cancelled);
            found.AddRange(page.Where(entry => filter?.Matches(JsonSerializer.SerializeToElement(ToContract(entry), ContractJson.Options)) != false).Take(count - found.Count));
            if (found.Count == count || page.Count < limit) return found;
            walk = walk with { BeforeId = page[^1].Id };
        }
    }

    private static AuditLog ToContract(AuditEntry entry)
    {
        var name = ResourceName.Parse(entry.Resource);
        return new()
        {
            ApiKeyId = entry.KeyId,
            Email = entry.Principal,
            EventType = entry.Method,
            Message = $"{entry.Method} {entry.Resource}",
            Principal = entry.Principal,
            Resource = entry.Resource,
            TargetApiKeyId = name.Kind == ResourceKind.ApiKeys ? name.Id : "",
            Timestamp = entry.At,
        };
    }
}
