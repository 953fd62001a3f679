namespace Hearth.ControlPlane;

/// <summary>The verbs on deployments.</summary>
public sealed partial class Deployments(
    ResourceStore resources, ModelCatalogue models, DeployedModels deployed, ReplicaPlans plans, ReplicaLoads loads, DeploymentLimits limits)
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
            DeploymentDues.Kept(change, name, deployment.Value.Spec, resources.Now);
            await AssignAsync(change, deployment.Value, name, _ => true, cancel);
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
            var held = current.Value.Spec;
            if ((held.EnableAddons, held.HotReloadAddon) != (spec.EnableAddons, spec.HotReloadAddon) && current.Value.Addons.Any(addon => addon.Record != ""))
                throw HearthException.Precondition($"{name} holds addons. Unload them before changing enableAddons or enableHotReloadLatestAddon.");
            var restarts = (spec.MaxContextLength, spec.NgramSpeculationLength) != (held.MaxContextLength, held.NgramSpeculationLength);
            var scaled = await ScaledAsync(change, current, current.Value with { Spec = spec }, Desired(spec, current.Value.DesiredReplicas), restarts, epoch, cancel);
            DeploymentDues.Kept(change, name, spec, resources.Now);
            if (scaled.Value.Replicas.Count > 0) DeploymentDues.Idle(change, name, spec, resources.Now);
            return scaled;
        }, cancellationToken);
    }

    /// <summary>Sets the number of replicas by hand; more than the machine holds wait for room.</summary>
    public async ValueTask<Stored<DeploymentRecord>> ScaleAsync(Caller caller, ResourceName name, int replicas, CancellationToken cancellationToken)
    {
        if (replicas < 0) throw HearthException.Invalid("replicaCount must be 0 or more.");
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        return await resources.VerbAsync(caller, "scale", name, async (change, cancel) =>
        {
            var current = await resources.GetAsync<DeploymentRecord>(name, cancel);
            var most = Math.Max(1, current.Value.Spec.MaxReplicaCount);
            if (replicas > most) throw HearthException.Invalid($"replicaCount {replicas} is more than maxReplicaCount {most}. Raise that first.");
            return await ScaledAsync(change, current, current.Value, replicas, restarts: false, epoch, cancel);
        }, cancellationToken);
    }

    /// <summary>Soft: absent from gets and lists at once, restorable for seven days; hard: gone.</summary>
    public ValueTask<bool> DeleteAsync(Caller caller, ResourceName name, bool hard, bool ignoreChecks, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "delete", name, async (change, cancel) =>
        {
            var row = await resources.Store.GetAsync(name.Value, cancel);
            if (row is null || (row.Deleted && !hard)) throw HearthException.NotFound(name.Value);
            var current = Records.Read<DeploymentRecord>(row);
            if (!ignoreChecks && !row.Deleted) await RequireIdleAsync(name, cancel);
            if (hard)
            {
                await deployed.RemoveAllAsync(change, name, cancel);
                Stop(change, current, current.Value);
                change.Delete(row);
                return true;
            }
            await DeleteSoftlyAsync(change, current, cancel);
            return true;
        }, cancellationToken);

    private async ValueTask DeleteSoftlyAsync(Change change, Stored<DeploymentRecord> current, CancellationToken cancellationToken)
    {
        await deployed.RemoveAllAsync(change, current.Name, cancellationToken);
        Stop(change, current, current.Value);
        var gone = current.Value with { DesiredReplicas = 0, Replicas = [], Addons = [], DeleteTime = resources.Now, PurgeTime = resources.Now + UndeletePeriod };
        change.Update(current.With(gone, DeploymentStates.Deleted, resources.Now) with { Deleted = true, References = [] });
        change.Unschedule(current.Name.Value, DeploymentDues.UnusedKind).Schedule(new(gone.PurgeTime.Value, current.Name.Value, DeploymentDues.PurgeKind));
    }

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
            change.Unschedule(name.Value, DeploymentDues.PurgeKind);
            DeploymentDues.Kept(change, name, deployment.Value.Spec, resources.Now);
            await AssignAsync(change, deployment.Value, name, _ => true, cancel);
            return deployment;
        }, cancellationToken);
    }

    /// <summary>Loads an adapter: its deployed model is DEPLOYED once every replica holds it.</summary>
    /// <param name="replaces">Takes the place of the one that a hot-reloading deployment holds.</param>
    public async ValueTask<Stored<DeployedModelRecord>> LoadAddonAsync(
        Caller caller, ResourceName name, DeployedModelRecord wanted, bool replaces, CancellationToken cancellationToken)
    {
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        return await resources.VerbAsync(caller, "load", name, async (change, cancel) =>
        {
            var current = await resources.GetAsync<DeploymentRecord>(name, cancel);
            var model = await models.FindUsableAsync(caller, wanted.Model, cancel);
            RequireFits(current, model, replaces);
            if (replaces) await deployed.RemoveAsync(change, current.Value.Addons.Select(addon => addon.Record), cancel);
            var record = await deployed.AddAddonAsync(change, caller, name, model, wanted, cancel);
            var addon = new DeploymentAddon(model.Name.Value, model.Value.Path, model.Value.Adapter!.Hash, record.Name.Value);
            var addons = replaces ? [addon] : current.Value.Addons.Append(addon).ToList();
            await HoldAsync(change, current, current.Value with { Addons = addons }, epoch, cancel);
            return record;
        }, cancellationToken);
    }

    /// <summary>Requests stop finding the adapter at once; the replicas drop it.</summary>
    public async ValueTask<bool> UnloadAddonAsync(Caller caller, ResourceName record, CancellationToken cancellationToken)
    {
        var name = ResourceName.Parse((await resources.GetAsync<DeployedModelRecord>(record, cancellationToken)).Value.Deployment);
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        return await resources.VerbAsync(caller, "unload", name, async (change, cancel) =>
        {
            var current = await resources.GetAsync<DeploymentRecord>(name, cancel);
            _ = await resources.GetAsync<DeployedModelRecord>(record, cancel); // it may have gone meanwhile
            await deployed.RemoveAsync(change, [record.Value], cancel);
            var kept = current.Value.Addons.Where(addon => addon.Record != record.Value).ToList();
            if (kept.Count < current.Value.Addons.Count) await HoldAsync(change, current, current.Value with { Addons = kept }, epoch, cancel);
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
        var facts = await plans.BaseOfAsync(model, cancellationToken);
        if (spec.MaxContextLength is { } context && (context < 1 || context > facts.Value.Facts!.ContextLength))
            throw HearthException.Invalid($"maxContextLength {context} must be from 1 to the model's {facts.Value.Facts!.ContextLength}.");
        if (merged.Count > 0 && (spec.EnableAddons || spec.HotReloadAddon))
            throw HearthException.Invalid($"{model.Name} is an adapter: its deployment serves it alone. Leave enableAddons and enableHotReloadLatestAddon out, or deploy {facts.Name}.");
        var desired = spec.MaxReplicaCount == 0 ? 0 : Math.Max(1, spec.MinReplicaCount);
        var assigned = Enumerable.Range(0, Math.Min(desired, limits.ReplicasPerDeployment)).Select(number => new DeploymentReplica(number, epoch)).ToList();
        var record = new DeploymentRecord { CreatedBy = caller.Email, Spec = spec, DesiredReplicas = desired, Replicas = assigned, Addons = merged };
        return resources.NewRow(name, desired == 0 ? DeploymentStates.Ready : DeploymentStates.Creating, record, model.Name.Value);
    }

    private async ValueTask RequireIdleAsync(ResourceName name, CancellationToken cancellationToken)
    {
        if (await resources.Store.LastUsageAsync(name.Value, cancellationToken) is { } last && resources.Now - last < RecentlyUsed)
            throw HearthException.Precondition($"{name} answered a request within the last hour. Wait, or pass ignoreChecks=true.");
    }

    private static void RequireFits(Stored<DeploymentRecord> deployment, Stored<ModelRecord> model, bool replaces)
    {
        var spec = deployment.Value.Spec;
        if (model.Value.Adapter is not { } adapter) throw HearthException.Invalid($"{model.Name} is not an adapter. Deploy it on its own.");
        if (!spec.EnableAddons && !spec.HotReloadAddon)
            throw HearthException.Precondition($"{deployment.Name} does not take addons. Set enableAddons on it first.");
        if (adapter.BaseModel != spec.BaseModel)
            throw HearthException.Precondition($"{model.Name} was trained on {adapter.BaseModel}, but {deployment.Name} serves {spec.BaseModel}.");
        if (replaces && !spec.HotReloadAddon)
            throw HearthException.Invalid($"replaceMergedAddon is for deployments with enableHotReloadLatestAddon, which {deployment.Name} has not. Unload the other addon instead.");
        if (deployment.Value.Addons.Any(addon => addon.Model == model.Name.Value && addon.Hash == adapter.Hash))
            throw new HearthException(ErrorCode.AlreadyExists, $"{model.Name} is already loaded on {deployment.Name}.");
        if (spec.HotReloadAddon && !replaces && deployment.Value.Addons.Count > 0)
            throw HearthException.Precondition($"{deployment.Name} holds {deployment.Value.Addons[0].Model}. Pass replaceMergedAddon=true to replace it.");
    }

    private static DeploymentSpec Checked(DeploymentSpec spec)
    {
        var faults = DeploymentLimits.Faults(spec).ToList();
        if (faults.Count == 0) return spec;
        throw new HearthException(ErrorCode.InvalidArgument, string.Join(" ", faults.Select(fault => $"{fault.Field} {fault.Description}"))) { Faults = faults };
    }

    private static int Desired(DeploymentSpec spec, int current) => Math.Min(spec.MaxReplicaCount, Math.Max(current, spec.MinReplicaCount));
}
