namespace Hearth.ControlPlane;

/// <summary>The verbs on deployments, and what replicas report about them.</summary>
public sealed class Deployments(ResourceStore resources, ModelCatalogue models, DeployedModels deployed, ReplicaPlans replicas)
{
    private static readonly TimeSpan UndeletePeriod = TimeSpan.FromDays(7);   // decision 0002
    private static readonly TimeSpan RecentlyUsed = TimeSpan.FromHours(1);
    private const int MaxFailedStarts = 3;

    /// <summary>Writes the deployment, its base model's deployed model and its replica's assignment together.</summary>
    /// <param name="validateOnly">Check and answer, but change nothing.</param>
    public async ValueTask<Stored<DeploymentRecord>> CreateAsync(
        Caller caller, ResourceName name, DeploymentSpec spec, bool autoDeploy, bool validateOnly, CancellationToken cancellationToken)
    {
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        var row = await PlanAsync(caller, name, spec, epoch, cancellationToken);
        if (validateOnly) return Records.Read<DeploymentRecord>(row);
        return await resources.VerbAsync(caller, "create", name, async (change, cancel) =>
        {
            if (await resources.Store.GetAsync(name.Value, cancel) is { Deleted: true })
                throw new HearthException(ErrorCode.AlreadyExists, $"{name} was deleted, its id is reserved. Undelete it, or choose another id.");
            row = await PlanAsync(caller, name, spec, epoch, cancel);
            change.Insert(row);
            var deployment = Records.Read<DeploymentRecord>(row);
            if (autoDeploy && deployment.Value.Addons.Count == 0) await deployed.AddBaseAsync(change, caller, deployment, cancel);
            await AssignAsync(change, deployment.Value, name, cancel);
            return deployment;
        }, cancellationToken);
    }

    /// <summary>Changes settings; a replica starts anew only where what it must hold has changed.</summary>
    public async ValueTask<Stored<DeploymentRecord>> UpdateAsync(
        Caller caller, ResourceName name, Func<DeploymentSpec, DeploymentSpec> update, CancellationToken cancellationToken)
    {
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        return await resources.VerbAsync(caller, "update", name, async (change, cancel) =>
        {
            var current = await resources.GetAsync<DeploymentRecord>(name, cancel);
            var spec = Checked(update(current.Value.Spec));
            if (spec.BaseModel != current.Value.Spec.BaseModel)
                throw HearthException.Invalid("baseModel cannot change. Create another deployment.");
            if (!spec.EnableAddons && current.Value.Addons.Any(addon => addon.Record != ""))
                throw HearthException.Precondition($"{name} holds addons. Unload them before switching enableAddons off.");
            var restarts = spec.MaxContextLength != current.Value.Spec.MaxContextLength;
            var next = current.Value with { Spec = spec };
            return await ScaledAsync(change, current, next, Desired(spec, current.Value.DesiredReplicas), restarts, epoch, cancel);
        }, cancellationToken);
    }

    public async ValueTask<Stored<DeploymentRecord>> ScaleAsync(Caller caller, ResourceName name, int replicas, CancellationToken cancellationToken)
    {
        if (replicas is < 0 or > 1) throw Unscalable(replicas);
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        return await resources.VerbAsync(caller, "scale", name, async (change, cancel) =>
        {
            var current = await resources.GetAsync<DeploymentRecord>(name, cancel);
            return await ScaledAsync(change, current, current.Value, replicas, restarts: false, epoch, cancel);
        }, cancellationToken);
    }

    /// <summary>A request came for a deployment without replicas: start one, unless it is parked.</summary>
    public async ValueTask WakeAsync(ResourceName name, CancellationToken cancellationToken)
    {
        var current = await resources.GetAsync<DeploymentRecord>(name, cancellationToken);
        if (current.Value.DesiredReplicas == 0 && current.Value.Spec.MaxReplicaCount > 0)
            await ScaleAsync(Caller.System, name, 1, cancellationToken);
    }

    /// <summary>Soft: absent from gets and lists at once, restorable for seven days; hard: gone.</summary>
    public ValueTask<bool> DeleteAsync(Caller caller, ResourceName name, bool hard, bool ignoreChecks, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "delete", name, async (change, cancel) =>
        {
            var row = await resources.Store.GetAsync(name.Value, cancel);
            if (row is null || (row.Deleted && !hard)) throw HearthException.NotFound(name.Value);
            var current = Records.Read<DeploymentRecord>(row);
            if (!ignoreChecks && !row.Deleted) await RequireIdleAsync(name, cancel);
            await deployed.RemoveAllAsync(change, name, cancel);
            change.Unassign(name.Value).EndEndpoints(name.Value);
            if (hard)
            {
                change.Delete(row);
                return true;
            }
            var gone = current.Value with { Epoch = 0, DesiredReplicas = 0, Addons = [], DeleteTime = resources.Now, PurgeTime = resources.Now + UndeletePeriod };
            change.Update(current.With(gone, DeploymentStates.Deleted, resources.Now) with { Deleted = true, References = [] });
            return true;
        }, cancellationToken);

    public async ValueTask<Stored<DeploymentRecord>> UndeleteAsync(Caller caller, ResourceName name, CancellationToken cancellationToken)
    {
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        return await resources.VerbAsync(caller, "undelete", name, async (change, cancel) =>
        {
            var row = await resources.Store.GetAsync(name.Value, cancel) ?? throw HearthException.NotFound(name.Value);
            if (!row.Deleted) throw HearthException.Precondition($"{name} is not deleted.");
            var fresh = await PlanAsync(caller, name, Records.Read<DeploymentRecord>(row).Value.Spec, epoch, cancel);
            var restored = fresh with { Version = row.Version, CreateTime = row.CreateTime };
            change.Update(restored);
            var deployment = Records.Read<DeploymentRecord>(restored);
            if (deployment.Value.Addons.Count == 0) await deployed.AddBaseAsync(change, caller, deployment, cancel);
            await AssignAsync(change, deployment.Value, name, cancel);
            return deployment;
        }, cancellationToken);
    }

    /// <summary>Loads an adapter: its deployed model is DEPLOYED once a replica holds it.</summary>
    public async ValueTask<Stored<DeployedModelRecord>> LoadAddonAsync(Caller caller, ResourceName name, DeployedModelRecord wanted, CancellationToken cancellationToken)
    {
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        return await resources.VerbAsync(caller, "load", name, async (change, cancel) =>
        {
            var current = await resources.GetAsync<DeploymentRecord>(name, cancel);
            var model = await models.FindUsableAsync(caller, wanted.Model, cancel);
            RequireFits(current, model);
            var record = await deployed.AddAddonAsync(change, caller, name, model, wanted, cancel);
            var addon = new DeploymentAddon(model.Name.Value, model.Value.Path, model.Value.Adapter!.Hash, record.Name.Value);
            await HoldAsync(change, current, [.. current.Value.Addons, addon], epoch, cancel);
            return record;
        }, cancellationToken);
    }

    /// <summary>Requests stop finding the adapter at once; the replica drops it.</summary>
    public async ValueTask<bool> UnloadAddonAsync(Caller caller, ResourceName record, CancellationToken cancellationToken)
    {
        var name = ResourceName.Parse((await resources.GetAsync<DeployedModelRecord>(record, cancellationToken)).Value.Deployment);
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        return await resources.VerbAsync(caller, "unload", name, async (change, cancel) =>
        {
            var current = await resources.GetAsync<DeploymentRecord>(name, cancel);
            change.Delete((await resources.GetAsync<DeployedModelRecord>(record, cancel)).Row);
            var kept = current.Value.Addons.Where(addon => addon.Record != record.Value).ToList();
            if (kept.Count < current.Value.Addons.Count) await HoldAsync(change, current, kept, epoch, cancel);
            return true;
        }, cancellationToken);
    }

    public ValueTask<bool> ReportReadyAsync(ResourceName name, long epoch, string socket, IReadOnlyList<string> addonHashes, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindReportableAsync(name, epoch, cancel) is not { } current) return false;
            change.SetEndpoint(new(name.Value, 0, TrainingJobs.Node, epoch, socket, addonHashes));
            var ready = current.Value with { FailedStarts = 0, StatusCode = ErrorCode.Ok, StatusMessage = "" };
            change.Update(current.With(ready, DeploymentStates.Ready, resources.Now));
            await deployed.MarkDeployedAsync(change, name, addonHashes, cancel);
            return true;
        }, cancellationToken);

    /// <summary>The node starts the replica again by itself, until it has failed three times without having been ready.</summary>
    public ValueTask<bool> ReportExitedAsync(ResourceName name, long epoch, string reason, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindReportableAsync(name, epoch, cancel) is not { } current) return false;
            var exited = current.Value with { FailedStarts = current.Value.FailedStarts + 1, StatusCode = ErrorCode.Unavailable, StatusMessage = reason };
            var gaveUp = exited.FailedStarts >= MaxFailedStarts;
            var lost = (await resources.Store.ListEndpointsAsync(name.Value, cancel)).Any(endpoint => endpoint.Epoch == epoch);
            if (lost || gaveUp) change.EndEndpoints(name.Value); // an older replica may still serve while a new one fails to start
            if (gaveUp) change.Unassign(name.Value);
            var state = gaveUp ? DeploymentStates.Failed : lost ? DeploymentStates.Updating : null;
            change.Update(current.With(gaveUp ? exited with { Epoch = 0, DesiredReplicas = 0 } : exited, state, resources.Now));
            return true;
        }, cancellationToken);

    /// <summary>After a restart: the replica is gone, a new one starts with a higher epoch (rule R6).</summary>
    public async ValueTask RestartAsync(AssignmentRow assignment, CancellationToken cancellationToken)
    {
        var name = ResourceName.Parse(assignment.Resource);
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        await resources.StepAsync(name, async (change, cancel) =>
        {
            change.EndEndpoints(name.Value);
            if (await resources.FindAsync<DeploymentRecord>(name, cancel) is not { } current || current.Value.DesiredReplicas == 0)
            {
                change.Unassign(name.Value);
                return true;
            }
            var state = current.Row.State == DeploymentStates.Ready ? DeploymentStates.Updating : null;
            change.Update(current.With(current.Value with { Epoch = epoch }, state, resources.Now)).Assign(assignment with { Epoch = epoch });
            return true;
        }, cancellationToken);
    }

    private async ValueTask<ResourceRow> PlanAsync(Caller caller, ResourceName name, DeploymentSpec asked, long epoch, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(asked.BaseModel)) throw HearthException.Invalid("baseModel is required: the model to serve.");
        var model = await models.FindUsableAsync(caller, asked.BaseModel, cancellationToken);
        if (model.Row.State != ModelRecord.Ready) throw HearthException.Precondition($"{model.Name} is {model.Row.State}. Wait until it is READY.");
        var spec = Checked(asked with { BaseModel = model.Name.Value });
        IReadOnlyList<DeploymentAddon> merged = model.Value.Adapter is { } adapter ? [new(model.Name.Value, model.Value.Path, adapter.Hash, "")] : [];
        var facts = await replicas.BaseOfAsync(model, cancellationToken);
        if (spec.MaxContextLength is { } context && (context < 1 || context > facts.Value.Facts!.ContextLength))
            throw HearthException.Invalid($"maxContextLength {context} must be from 1 to the model's {facts.Value.Facts!.ContextLength}.");
        var desired = spec.MaxReplicaCount == 0 ? 0 : 1;
        var record = new DeploymentRecord { CreatedBy = caller.Email, Spec = spec, Epoch = epoch, DesiredReplicas = desired, Addons = merged };
        return resources.NewRow(name, desired == 0 ? DeploymentStates.Ready : DeploymentStates.Creating, record, model.Name.Value);
    }

    private async ValueTask<Stored<DeploymentRecord>> ScaledAsync(
        Change change, Stored<DeploymentRecord> current, DeploymentRecord next, int desired, bool restarts, long epoch, CancellationToken cancellationToken)
    {
        var starts = desired > 0 && (current.Value.DesiredReplicas == 0 || restarts);
        next = next with { DesiredReplicas = desired, Epoch = starts ? epoch : desired == 0 ? 0 : current.Value.Epoch, FailedStarts = starts ? 0 : next.FailedStarts };
        var row = current.With(next, starts ? DeploymentStates.Updating : null, resources.Now);
        change.Update(row);
        if (desired == 0) change.Unassign(current.Name.Value).EndEndpoints(current.Name.Value);
        else if (starts) await AssignAsync(change, next, current.Name, cancellationToken);
        return Records.Read<DeploymentRecord>(row);
    }

    /// <summary>A new set of adapters means a new epoch; the old replica serves on until the new one is ready.</summary>
    private async ValueTask HoldAsync(
        Change change, Stored<DeploymentRecord> current, IReadOnlyList<DeploymentAddon> addons, long epoch, CancellationToken cancellationToken)
    {
        var next = current.Value with { Addons = addons, Epoch = current.Value.DesiredReplicas == 0 ? 0 : epoch };
        change.Update(current.With(next, null, resources.Now));
        await AssignAsync(change, next, current.Name, cancellationToken);
    }

    private async ValueTask AssignAsync(Change change, DeploymentRecord deployment, ResourceName name, CancellationToken cancellationToken)
    {
        if (deployment.DesiredReplicas == 0) return;
        var served = await resources.GetAsync<ModelRecord>(ResourceName.Parse(deployment.Spec.BaseModel), cancellationToken);
        var addons = deployment.Addons.Select(addon => new AddonSpec(addon.Model, addon.Path, addon.Hash)).ToList();
        change.Assign(await replicas.AssignAsync(name, served, addons, deployment.Spec.MaxContextLength, deployment.Epoch, cancellationToken));
    }

    private async ValueTask<Stored<DeploymentRecord>?> FindReportableAsync(ResourceName name, long epoch, CancellationToken cancellationToken)
    {
        var deployment = await resources.FindAsync<DeploymentRecord>(name, cancellationToken);
        return deployment is not null && deployment.Value.Epoch == epoch && epoch > 0 ? deployment : null;
    }

    private async ValueTask RequireIdleAsync(ResourceName name, CancellationToken cancellationToken)
    {
        if (await resources.Store.LastUsageAsync(name.Value, cancellationToken) is { } last && resources.Now - last < RecentlyUsed)
            throw HearthException.Precondition($"{name} answered a request within the last hour. Wait, or pass ignoreChecks=true.");
    }

    private static void RequireFits(Stored<DeploymentRecord> deployment, Stored<ModelRecord> model)
    {
        if (model.Value.Adapter is not { } adapter) throw HearthException.Invalid($"{model.Name} is not an adapter. Deploy it on its own.");
        if (!deployment.Value.Spec.EnableAddons)
            throw HearthException.Precondition($"{deployment.Name} does not take addons. Set enableAddons on it first.");
        if (adapter.BaseModel != deployment.Value.Spec.BaseModel)
            throw HearthException.Precondition($"{model.Name} was trained on {adapter.BaseModel}, but {deployment.Name} serves {deployment.Value.Spec.BaseModel}.");
        if (deployment.Value.Addons.Any(addon => addon.Model == model.Name.Value))
            throw new HearthException(ErrorCode.AlreadyExists, $"{model.Name} is already loaded on {deployment.Name}.");
    }

    private static DeploymentSpec Checked(DeploymentSpec spec)
    {
        if (spec.MinReplicaCount < 0 || spec.MaxReplicaCount < 0) throw HearthException.Invalid("minReplicaCount and maxReplicaCount must be 0 or more.");
        if (spec.MinReplicaCount > 1) throw Unscalable(spec.MinReplicaCount);
        if (spec.MinReplicaCount > spec.MaxReplicaCount)
            throw HearthException.Invalid($"minReplicaCount {spec.MinReplicaCount} is more than maxReplicaCount {spec.MaxReplicaCount}.");
        return spec;
    }

    private static int Desired(DeploymentSpec spec, int current) => spec.MaxReplicaCount == 0 ? 0 : Math.Max(current, spec.MinReplicaCount);

    private static HearthException Unscalable(int replicas) =>
        replicas < 0 ? HearthException.Invalid("replicaCount must be 0 or more.") : HearthException.Unimplemented($"More than one replica of a deployment ({replicas})");
}
