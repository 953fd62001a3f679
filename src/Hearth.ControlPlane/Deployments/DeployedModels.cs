using System.Security.Cryptography;

namespace Hearth.ControlPlane;

/// <summary>Deployed models: they live and end with their deployment, whose verbs call these.</summary>
public sealed class DeployedModels(ResourceStore resources)
{
    public ValueTask<IReadOnlyList<Stored<DeployedModelRecord>>> ListAsync(string account, CancellationToken cancellationToken) =>
        resources.ListAsync<DeployedModelRecord>(account, ResourceKind.DeployedModels, cancellationToken);

    public ValueTask<Stored<DeployedModelRecord>> UpdateAsync(
        Caller caller, ResourceName name, Func<DeployedModelRecord, DeployedModelRecord> update, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "update", name, async (change, cancel) =>
        {
            var current = await resources.GetAsync<DeployedModelRecord>(name, cancel);
            var value = update(current.Value);
            if (value.Default && !current.Value.Default) await TakeDefaultAsync(change, current, cancel);
            var row = current.With(value, null, resources.Now);
            change.Update(row);
            return Records.Read<DeployedModelRecord>(row);
        }, cancellationToken);

    /// <summary>The base model's own record.</summary>
    internal async ValueTask AddBaseAsync(Change change, Caller caller, Stored<DeploymentRecord> deployment, CancellationToken cancellationToken)
    {
        var model = ResourceName.Parse(deployment.Value.Spec.BaseModel);
        var record = new DeployedModelRecord { CreatedBy = caller.Email, Model = model.Value, Deployment = deployment.Name.Value };
        await AddAsync(change, deployment.Name, model, record, [deployment.Name.Value], cancellationToken);
    }

    internal ValueTask<Stored<DeployedModelRecord>> AddAddonAsync(
        Change change, Caller caller, ResourceName deployment, Stored<ModelRecord> model, DeployedModelRecord wanted, CancellationToken cancellationToken) =>
        AddAsync(change, deployment, model.Name,
            wanted with { CreatedBy = caller.Email, Model = model.Name.Value, Deployment = deployment.Value, Hash = model.Value.Adapter!.Hash },
            [deployment.Value, model.Name.Value], cancellationToken);

    internal async ValueTask RemoveAllAsync(Change change, ResourceName deployment, CancellationToken cancellationToken)
    {
        foreach (var record in await OnAsync(deployment, cancellationToken)) change.Delete(record.Row);
    }

    /// <summary>What a ready replica holds is deployed.</summary>
    internal async ValueTask MarkDeployedAsync(Change change, ResourceName deployment, IReadOnlyList<string> hashes, CancellationToken cancellationToken)
    {
        foreach (var record in await OnAsync(deployment, cancellationToken))
        {
            if (record.Row.State != DeployedModelRecord.Deployed && (record.Value.Hash == "" || hashes.Contains(record.Value.Hash)))
                change.Update(record.With(record.Value, DeployedModelRecord.Deployed, resources.Now));
        }
    }

    private async ValueTask<Stored<DeployedModelRecord>> AddAsync(
        Change change, ResourceName deployment, ResourceName model, DeployedModelRecord record, IReadOnlyList<string> references, CancellationToken cancellationToken)
    {
        var suffix = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        var stem = model.Id[..Math.Min(model.Id.Length, 54)].TrimEnd('-');
        var name = ResourceName.Of(deployment.Account, ResourceKind.DeployedModels, $"{stem}-{suffix}");
        var first = !(await ListAsync(deployment.Account, cancellationToken)).Any(other => other.Value.Model == record.Model);
        var row = resources.NewRow(name, DeployedModelRecord.Deploying, record with { Default = first || record.Default }, references);
        change.Insert(row);
        if (record.Default && !first) await TakeDefaultAsync(change, Records.Read<DeployedModelRecord>(row), cancellationToken);
        return Records.Read<DeployedModelRecord>(row);
    }

    /// <summary>One default a model: the others lose it.</summary>
    private async ValueTask TakeDefaultAsync(Change change, Stored<DeployedModelRecord> winner, CancellationToken cancellationToken)
    {
        foreach (var other in await ListAsync(winner.Name.Account, cancellationToken))
        {
            if (other.Value.Default && other.Value.Model == winner.Value.Model && other.Name != winner.Name)
                change.Update(other.With(other.Value with { Default = false }, null, resources.Now));
        }
    }

    private async ValueTask<IEnumerable<Stored<DeployedModelRecord>>> OnAsync(ResourceName deployment, CancellationToken cancellationToken) =>
        (await ListAsync(deployment.Account, cancellationToken)).Where(record => record.Value.Deployment == deployment.Value);
}
