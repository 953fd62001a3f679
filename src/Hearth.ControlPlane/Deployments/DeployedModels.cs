using System.Security.Cryptography;

namespace Hearth.ControlPlane;

/// <summary>Deployed models: they live and end with their deployment, whose verbs call these. Each refers to its model and its deployment, which is how it is found.</summary>
public sealed class DeployedModels(ResourceStore resources)
{
    public ValueTask<Stored<DeployedModelRecord>> UpdateAsync(
        Caller caller, ResourceName name, Func<DeployedModelRecord, DeployedModelRecord> update, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "update", name, async (change, cancel) =>
        {
            var current = await resources.GetAsync<DeployedModelRecord>(name, cancel);
            var value = update(current.Value);
            if (current.Value.Default && !value.Default)
                throw HearthException.Precondition($"{name} is the default of {value.Model}. Make another one the default instead.");
            if (value.Default && !current.Value.Default) await TakeDefaultAsync(change, current, cancel);
            var row = current.With(value, null, resources.Now);
            change.Update(row);
            return Records.Read<DeployedModelRecord>(row);
        }, cancellationToken);

    /// <summary>Where a model is deployed, in any account, oldest first.</summary>
    public async ValueTask<IReadOnlyList<Stored<DeployedModelRecord>>> OfModelAsync(string model, CancellationToken cancellationToken) =>
        [.. (await ReferrersAsync(model, cancellationToken)).Where(record => record.Value.Model == model)];

    /// <summary>The base model's own record.</summary>
    internal async ValueTask AddBaseAsync(Change change, Caller caller, Stored<DeploymentRecord> deployment, CancellationToken cancellationToken)
    {
        var model = ResourceName.Parse(deployment.Value.Spec.BaseModel);
        var record = new DeployedModelRecord { CreatedBy = caller.Email, Model = model.Value, Deployment = deployment.Name.Value };
        await AddAsync(change, deployment.Name, model, record, cancellationToken);
    }

    internal ValueTask<Stored<DeployedModelRecord>> AddAddonAsync(
        Change change, Caller caller, ResourceName deployment, Stored<ModelRecord> model, DeployedModelRecord wanted, CancellationToken cancellationToken) =>
        AddAsync(change, deployment, model.Name,
            wanted with { CreatedBy = caller.Email, Model = model.Name.Value, Deployment = deployment.Value, Hash = model.Value.Adapter!.Hash }, cancellationToken);

    /// <summary>Ends records; where one was its model's default, the oldest other one becomes it.</summary>
    internal async ValueTask RemoveAsync(Change change, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var going = names.ToHashSet();
        foreach (var name in going)
        {
            if (await resources.FindAsync<DeployedModelRecord>(ResourceName.Parse(name), cancellationToken) is not { } record) continue;
            change.Delete(record.Row);
            if (!record.Value.Default) continue;
            var others = await OfModelAsync(record.Value.Model, cancellationToken);
            if (others.FirstOrDefault(other => other.Name.Account == record.Name.Account && !going.Contains(other.Name.Value)) is { } heir)
                change.Update(heir.With(heir.Value with { Default = true }, null, resources.Now));
        }
    }

    internal async ValueTask RemoveAllAsync(Change change, ResourceName deployment, CancellationToken cancellationToken) =>
        await RemoveAsync(change, (await OnAsync(deployment, cancellationToken)).Select(record => record.Name.Value), cancellationToken);

    /// <summary>What every serving replica holds is deployed.</summary>
    internal async ValueTask MarkDeployedAsync(Change change, ResourceName deployment, IReadOnlyList<string> hashes, CancellationToken cancellationToken)
    {
        foreach (var record in await OnAsync(deployment, cancellationToken))
        {
            if (record.Row.State == DeployedModelRecord.Deploying && (record.Value.Hash == "" || hashes.Contains(record.Value.Hash)))
                change.Update(record.With(record.Value, DeployedModelRecord.Deployed, resources.Now));
        }
    }

    /// <summary>Adapters that no replica could load: their records say why. Returns their names.</summary>
    internal async ValueTask<IReadOnlyList<string>> RefuseNewAsync(Change change, ResourceName deployment, string reason, CancellationToken cancellationToken)
    {
        var refused = (await OnAsync(deployment, cancellationToken)).Where(record => record.Row.State == DeployedModelRecord.Deploying && record.Value.Hash != "").ToList();
        foreach (var record in refused)
        {
            var failed = record.Value with { StatusCode = ErrorCode.FailedPrecondition, StatusMessage = $"{record.Value.Model} could not be loaded: {reason}" };
            change.Update(record.With(failed, DeployedModelRecord.Undeploying, resources.Now));
        }
        return [.. refused.Select(record => record.Name.Value)];
    }

    private async ValueTask<Stored<DeployedModelRecord>> AddAsync(
        Change change, ResourceName deployment, ResourceName model, DeployedModelRecord record, CancellationToken cancellationToken)
    {
        var suffix = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        var stem = model.Id[..Math.Min(model.Id.Length, 54)].TrimEnd('-');
        var name = ResourceName.Of(deployment.Account, ResourceKind.DeployedModels, $"{stem}-{suffix}");
        var leaving = change.Deletes.Select(row => row.Name).ToHashSet();
        var first = !(await OfModelAsync(record.Model, cancellationToken)).Any(other => other.Name.Account == name.Account && !leaving.Contains(other.Name));
        var row = resources.NewRow(name, DeployedModelRecord.Deploying, record with { Default = first || record.Default }, deployment.Value, model.Value);
        change.Insert(row);
        if (record.Default && !first) await TakeDefaultAsync(change, Records.Read<DeployedModelRecord>(row), cancellationToken);
        return Records.Read<DeployedModelRecord>(row);
    }

    /// <summary>One default a model: the others lose it.</summary>
    private async ValueTask TakeDefaultAsync(Change change, Stored<DeployedModelRecord> winner, CancellationToken cancellationToken)
    {
        foreach (var other in await OfModelAsync(winner.Value.Model, cancellationToken))
        {
            if (other.Value.Default && other.Name.Account == winner.Name.Account && other.Name != winner.Name)
                change.Update(other.With(other.Value with { Default = false }, null, resources.Now));
        }
    }

    private ValueTask<IReadOnlyList<Stored<DeployedModelRecord>>> OnAsync(ResourceName deployment, CancellationToken cancellationToken) =>
        ReferrersAsync(deployment.Value, cancellationToken);

    private async ValueTask<IReadOnlyList<Stored<DeployedModelRecord>>> ReferrersAsync(string target, CancellationToken cancellationToken) =>
        [.. (await resources.Store.ListReferrersAsync(target, ResourceKind.DeployedModels, cancellationToken)).Select(Records.Read<DeployedModelRecord>).OrderBy(record => record.Row.CreateTime)];
}
