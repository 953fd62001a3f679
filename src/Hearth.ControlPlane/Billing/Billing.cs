namespace Hearth.ControlPlane;

/// <summary>What an account used and what that costs. Money is worked out of usage rows and prices each time; it is stored nowhere (rule R10).</summary>
public sealed class Billing(ResourceStore resources, Prices prices)
{
    public const string Batch = "batch";
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>Costs by bucket and by the given fields, in order of time. The kind and the model are always among the fields asked of the store: prices go by them.</summary>
    public async ValueTask<IReadOnlyList<CostRow>> QueryAsync(
        string account, DateTimeOffset from, DateTimeOffset to, TimeSpan bucket, UsageFields fields, CancellationToken cancellationToken)
    {
        var query = new UsageQuery(account) { From = from, To = to };
        var sums = await resources.Store.SumUsageAsync(query, bucket, fields | UsageFields.Kind | UsageFields.Model | UsageFields.Resource, cancellationToken);
        var sizes = new Dictionary<string, long>();
        var priced = new List<CostRow>();
        foreach (var sum in sums)
        {
            var type = TypeOf(sum);
            var table = prices.At(sum.Start);
            priced.Add(new(type, Reduced(sum, fields), table.Currency, Cost(sum, type, table, await SizeAsync(sum.Model, account, sizes, cancellationToken))));
        }
        return [.. priced.GroupBy(row => (row.Type, row.Sum.Start, row.Sum.Model, row.Sum.Resource, row.Sum.User, row.Sum.KeyId, row.Currency)).Select(Added)];
    }

    /// <summary>What an account has cost since the month began (UTC).</summary>
    public async ValueTask<decimal> SpendOfMonthAsync(string account, CancellationToken cancellationToken)
    {
        var now = resources.Now.UtcDateTime;
        var month = new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero);
        return (await QueryAsync(account, month, resources.Now + Day, Day, UsageFields.None, cancellationToken)).Sum(row => row.Cost);
    }

    /// <summary>Serverless means on a deployment of the catalogue's account; one of the account's own is paid by time.</summary>
    private static UsageType TypeOf(UsageSum sum) =>
        sum.TrainedTokens > 0 ? UsageType.Training
        : sum.AcceleratorMilliseconds > 0 && sum.CompletionTokens == 0 ? UsageType.DedicatedDeployment
        : sum.Kind.StartsWith(Batch, StringComparison.Ordinal) || sum.Resource.StartsWith($"accounts/{ModelCatalogue.CatalogueAccount}/", StringComparison.Ordinal) ? UsageType.Serverless
        : UsageType.DedicatedDeployment;

    private static decimal Cost(UsageSum sum, UsageType type, PriceTable table, long parameters) => type switch
    {
        UsageType.Training => sum.TrainedTokens * table.TrainedToken(parameters),
        UsageType.DedicatedDeployment => sum.AcceleratorMilliseconds * table.AcceleratorHour / 3_600_000m,
        _ => (sum.PromptTokens - sum.CachedTokens + sum.CachedTokens * table.CachedShare + sum.CompletionTokens) * table.InferenceToken(parameters)
            * (sum.Kind.StartsWith(Batch, StringComparison.Ordinal) ? table.BatchShare : 1),
    };

    private static UsageSum Reduced(UsageSum sum, UsageFields fields) => sum with
    {
        Kind = "",
        Model = fields.HasFlag(UsageFields.Model) ? sum.Model : "",
        Resource = fields.HasFlag(UsageFields.Resource) ? sum.Resource : "",
    };

    private static CostRow Added(IEnumerable<CostRow> rows) => rows.Aggregate((a, b) => a with
    {
        Cost = a.Cost + b.Cost,
        Sum = a.Sum with
        {
            Entries = a.Sum.Entries + b.Sum.Entries,
            PromptTokens = a.Sum.PromptTokens + b.Sum.PromptTokens,
            CachedTokens = a.Sum.CachedTokens + b.Sum.CachedTokens,
            CompletionTokens = a.Sum.CompletionTokens + b.Sum.CompletionTokens,
            TrainedTokens = a.Sum.TrainedTokens + b.Sum.TrainedTokens,
            AcceleratorMilliseconds = a.Sum.AcceleratorMilliseconds + b.Sum.AcceleratorMilliseconds,
        },
    });

    /// <summary>Parameters of the base model behind a usage row's model, which may be an adapter, a deployment, or one on the other; 0 where it is gone.</summary>
    private async ValueTask<long> SizeAsync(string model, string account, Dictionary<string, long> known, CancellationToken cancellationToken)
    {
        if (known.TryGetValue(model, out var size)) return size;
        var name = model.Split('#')[0];
        for (var hops = 0; hops < 3 && name.StartsWith("accounts/", StringComparison.Ordinal) && await resources.Store.GetAsync(name, cancellationToken) is { } row; hops++)
        {
            if (row.Name.Account != account && row.Name.Account != ModelCatalogue.CatalogueAccount) break;
            if (row.Name.Kind == ResourceKind.Models && Records.Read<ModelRecord>(row).Value is var found)
            {
                if (found.Facts is { } facts) size = facts.ParameterCount;
                if (found.Adapter is not { } adapter) break;
                name = adapter.BaseModel;
            }
            else if (row.Name.Kind == ResourceKind.Deployments) name = Records.Read<DeploymentRecord>(row).Value.Spec.BaseModel;
            else if (row.Name.Kind == ResourceKind.DeployedModels) name = Records.Read<DeployedModelRecord>(row).Value.Model;
            else break;
        }
        return known[model] = size;
    }
}

/// <summary>How usage is paid for.</summary>
public enum UsageType { Serverless, DedicatedDeployment, Training }

/// <summary>Usage of one bucket and combination, and its cost.</summary>
public sealed record CostRow(UsageType Type, UsageSum Sum, string Currency, decimal Cost);
