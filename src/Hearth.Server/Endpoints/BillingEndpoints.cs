using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>What an account used and what it costs: <c>billingUsage</c>, <c>billing/summary</c>, <c>usageCosts:query</c>, <c>serverlessTokenUsage</c>.</summary>
internal static class BillingEndpoints
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(31);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public static void Map(Routes routes)
    {
        routes.Get("billingUsage", Permission.View, UsageAsync);
        routes.Get("billing/summary", Permission.View, SummaryAsync);
        routes.Post("usageCosts:query", Permission.View, QueryAsync);
        routes.Get("serverlessTokenUsage", Permission.View, TokensAsync);
    }

    private static async Task<object> UsageAsync(Call call)
    {
        var (from, to) = Period(call, call.Time("startTime"), call.Time("endTime"));
        var wanted = call.Query("usageType");
        if (wanted is not (null or "SERVERLESS" or "DEDICATED_DEPLOYMENT" or "TRAINING"))
            throw HearthException.Invalid($"usageType '{wanted}' is unknown. Use SERVERLESS, DEDICATED_DEPLOYMENT or TRAINING.");
        var groups = call.Query("groupBy")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        var rows = await call.Service<Billing>().QueryAsync(call.Account, from, to, Day, Fields(groups, "groupBy"), call.Cancelled);
        return new BillingUsage
        {
            ServerlessCosts = Of(UsageType.Serverless),
            DedicatedDeploymentCosts = Of(UsageType.DedicatedDeployment),
            TrainingCosts = Of(UsageType.Training),
        };

        List<UsageCost> Of(UsageType type) => wanted is null || wanted == Spell(type) ? [.. rows.Where(row => row.Type == type).Select(row => ToContract(row, Day))] : [];
    }

    private static async Task<object> SummaryAsync(Call call)
    {
        if (call.Query("granularity") is { } granularity and not ("DAILY" or "GRANULARITY_UNSPECIFIED"))
            throw HearthException.Invalid($"granularity '{granularity}' is unknown. Use DAILY, or leave it out.");
        var (from, to) = Period(call, call.Time("startTime"), call.Time("endTime"));
        var rows = await call.Service<Billing>().QueryAsync(call.Account, from, to, Day, UsageFields.None, call.Cancelled);
        return new BillingSummary
        {
            LineItems = [.. rows.GroupBy(row => (row.Type, row.Currency)).OrderBy(group => group.Key.Type).Select(group =>
                new BillingLineItem { UsageType = Spell(group.Key.Type), TotalCost = Money.Of(group.Sum(row => row.Cost), group.Key.Currency) })],
            UsageBuckets = call.Query("granularity") != "DAILY" ? [] : [.. rows.GroupBy(row => (row.Sum.Start, row.Currency)).Select(group =>
                new BillingBucket { StartTime = group.Key.Start, EndTime = group.Key.Start + Day, TotalCost = Money.Of(group.Sum(row => row.Cost), group.Key.Currency) })],
        };
    }

    private static async Task<object> QueryAsync(Call call)
    {
        var request = await call.ReadAsync<QueryUsageCostsRequest>();
        var (from, to) = Period(call, request.StartTime, request.EndTime);
        var dimensions = request.Dimensions ?? [];
        var bucket = dimensions.Contains("HOUR") ? Hour : Day;
        var fields = Fields([.. dimensions.Except(["HOUR", "DAY"])], "dimensions");
        var rows = await call.Service<Billing>().QueryAsync(call.Account, from, to, bucket, fields, call.Cancelled);
        return new QueryUsageCostsResponse { UsageCosts = [.. rows.Select(row => ToContract(row, bucket))] };
    }

    private static async Task<object> TokensAsync(Call call)
    {
        var (from, to) = Period(call, call.Time("startTime"), call.Time("endTime"));
        var rows = await call.Service<Billing>().QueryAsync(call.Account, from, to, Day, UsageFields.Model, call.Cancelled);
        return new ServerlessTokenUsage { Usage = [.. rows.Where(row => row.Type == UsageType.Serverless).Select(row => ToContract(row, Day))] };
    }

    /// <summary>The start is included, the end is not; without them, the month so far.</summary>
    private static (DateTimeOffset From, DateTimeOffset To) Period(Call call, DateTimeOffset? start, DateTimeOffset? end)
    {
        var to = end ?? call.Service<ResourceStore>().Now;
        var from = start ?? new DateTimeOffset(to.UtcDateTime.Year, to.UtcDateTime.Month, 1, 0, 0, 0, TimeSpan.Zero);
        if (from > to) throw HearthException.Invalid("startTime is after endTime.");
        return to - from <= Longest ? (from, to) : throw HearthException.Invalid("startTime and endTime may be 31 days apart at most. Ask for one month at a time.");
    }

    private static UsageFields Fields(IReadOnlyList<string> names, string parameter)
    {
        var fields = UsageFields.None;
        foreach (var name in names)
        {
            fields |= name.ToUpperInvariant() switch
            {
                "MODEL" or "MODEL_NAME" => UsageFields.Model,
                "USER" or "USER_ID" => UsageFields.User,
                "API_KEY" or "API_KEY_ID" => UsageFields.Key,
                "DEPLOYMENT" or "DEPLOYMENT_NAME" => UsageFields.Resource,
                _ => throw HearthException.Invalid($"{parameter} '{name}' is unknown. Use MODEL, USER, API_KEY or DEPLOYMENT{(parameter == "dimensions" ? ", and HOUR or DAY" : "")}."),
            };
        }
        return fields;
    }

    private static UsageCost ToContract(CostRow row, TimeSpan bucket) => new()
    {
        StartTime = row.Sum.Start,
        EndTime = row.Sum.Start + bucket,
        UsageType = Spell(row.Type),
        ModelName = row.Sum.Model,
        DeploymentName = row.Sum.Resource,
        UserId = row.Sum.User,
        ApiKeyId = row.Sum.KeyId,
        RequestCount = row.Sum.Entries,
        PromptTokens = row.Sum.PromptTokens,
        CachedPromptTokens = row.Sum.CachedTokens,
        CompletionTokens = row.Sum.CompletionTokens,
        TrainedTokens = row.Sum.TrainedTokens,
        AcceleratorSeconds = row.Sum.AcceleratorMilliseconds / 1000.0,
        Cost = Money.Of(row.Cost, row.Currency),
    };

    private static string Spell(UsageType type) => type switch
    {
        UsageType.Serverless => "SERVERLESS",
        UsageType.DedicatedDeployment => "DEDICATED_DEPLOYMENT",
        _ => "TRAINING",
    };
}
