namespace Hearth.ControlPlane;

/// <summary>
/// What an account may use, and does. Usage is counted from rows whenever it is asked for; an account that is below its start value's
/// "no limit" is not counted at all.
/// </summary>
public sealed class Quotas(ResourceStore resources, ResourceMailbox mailbox, Billing billing)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    public static ResourceName NameOf(string account, QuotaKind kind) => ResourceName.Of(account, ResourceKind.Quotas, kind.Id);

    /// <summary>The row of a quota, or one as it starts, which is not stored.</summary>
    public async ValueTask<ResourceRow> RowAsync(string account, QuotaKind kind, CancellationToken cancellationToken)
    {
        if (await resources.FindAsync<QuotaRecord>(NameOf(account, kind), cancellationToken) is { } changed) return changed.Row;
        var owner = await resources.GetAsync<AccountRecord>(ResourceName.ForAccount(account), cancellationToken);
        return resources.NewRow(NameOf(account, kind), "", new QuotaRecord { Value = kind.Default }) with { CreateTime = owner.Row.CreateTime, UpdateTime = owner.Row.CreateTime };
    }

    public async ValueTask<long> ValueAsync(string account, QuotaKind kind, CancellationToken cancellationToken) =>
        (await resources.FindAsync<QuotaRecord>(NameOf(account, kind), cancellationToken))?.Value.Value ?? kind.Default;

    /// <exception cref="HearthException">The value is negative or more than the quota may be.</exception>
    public ValueTask<ResourceRow> UpdateAsync(Caller caller, QuotaKind kind, string account, long value, CancellationToken cancellationToken)
    {
        if (value < 0 || value > kind.Max)
            throw new HearthException(ErrorCode.InvalidArgument, $"value {value} of {NameOf(account, kind)} must be from 0 to its maxValue {kind.Max}.") { Param = "value" };
        var name = NameOf(account, kind);
        return resources.VerbAsync(caller, "update", name, async (change, cancel) =>
        {
            var known = await resources.FindAsync<QuotaRecord>(name, cancel);
            var record = new QuotaRecord { Value = value };
            var row = known?.With(record, null, resources.Now) ?? resources.NewRow(name, "READY", record);
            _ = known is null ? change.Insert(row) : change.Update(row);
            return row;
        }, cancellationToken);
    }

    /// <summary>Runs a verb that uses <paramref name="more"/> of a quota, one such verb of an account at a time, so that none slips past another.</summary>
    /// <exception cref="HearthException">RESOURCE_EXHAUSTED: there is not as much left. Asking again does not help.</exception>
    public ValueTask<T> WithinAsync<T>(string account, QuotaKind kind, long more, Func<CancellationToken, ValueTask<T>> verb, CancellationToken cancellationToken) =>
        mailbox.RunAsync($"{NameOf(account, kind)}/use", async cancel =>
        {
            await RequireAsync(account, kind, more, cancel);
            return await verb(cancel);
        }, cancellationToken);

    /// <inheritdoc cref="WithinAsync"/>
    public async ValueTask RequireAsync(string account, QuotaKind kind, long more, CancellationToken cancellationToken)
    {
        if (more > await RemainingAsync(account, kind, cancellationToken)) throw Exhausted(account, kind);
    }

    /// <summary>How much of a quota is left; <see cref="long.MaxValue"/> where there is no limit.</summary>
    public async ValueTask<long> RemainingAsync(string account, QuotaKind kind, CancellationToken cancellationToken)
    {
        var value = await ValueAsync(account, kind, cancellationToken);
        return value == long.MaxValue ? value : Math.Max(0, value - (long)Math.Ceiling(await UsageAsync(account, kind, cancellationToken)));
    }

    public static HearthException Exhausted(string account, QuotaKind kind) =>
        new(ErrorCode.ResourceExhausted, $"The quota {NameOf(account, kind)} is used up. Delete what you no longer need, or ask an admin to raise it.") { Reason = "quota_exceeded" };

    public async ValueTask<double> UsageAsync(string account, QuotaKind kind, CancellationToken cancellationToken)
    {
        if (kind == QuotaKind.MonthlySpend) return (double)await billing.SpendOfMonthAsync(account, cancellationToken);
        if (kind == QuotaKind.ServerlessRequests) return await ServerlessRequestsAsync(account, cancellationToken);
        if (kind == QuotaKind.DeployedLoras)
            return (await resources.ListAsync<DeployedModelRecord>(account, ResourceKind.DeployedModels, cancellationToken)).Count(record => record.Value.Hash != "");
        if (kind == QuotaKind.DatasetBytes)
            return (await resources.ListAsync<DatasetRecord>(account, ResourceKind.Datasets, cancellationToken)).Sum(dataset => dataset.Value.Bytes);
        var assignments = await resources.Store.ListAssignmentsAsync(null, cancellationToken);
        return assignments.Count(one => one.Kind == AssignmentKind.Trainer && ResourceName.Parse(one.Resource).Account == account);
    }

    private async ValueTask<long> ServerlessRequestsAsync(string account, CancellationToken cancellationToken)
    {
        var sums = await resources.Store.SumUsageAsync(new UsageQuery(account) { From = resources.Now - Minute }, Minute, UsageFields.Kind | UsageFields.Resource, cancellationToken);
        return sums.Where(sum => sum.Resource.StartsWith($"accounts/{ModelCatalogue.CatalogueAccount}/", StringComparison.Ordinal)).Sum(sum => sum.Entries);
    }
}
