namespace Hearth.ControlPlane;

/// <summary>What deployments' replicas are assigned to hold, what they report, and what that costs.</summary>
public sealed partial class Deployments
{
    /// <summary>The resource that a replica is assigned under: the deployment itself for the first.</summary>
    internal static ResourceName ReplicaName(ResourceName deployment, int number) =>
        number == 0 ? deployment : ResourceName.Below(deployment.Value, ResourceKind.Replicas, number.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>The deployment and the number behind such a name.</summary>
    public static (ResourceName Deployment, int Number) ReplicaOf(ResourceName name) =>
        name.Kind == ResourceKind.Replicas ? (ResourceName.Parse(name.Parent), int.Parse(name.Id, System.Globalization.CultureInfo.InvariantCulture)) : (name, 0);

    public ValueTask<bool> ReportReadyAsync(ResourceName replicaName, long epoch, string socket, IReadOnlyList<string> addonHashes, CancellationToken cancellationToken)
    {
        var (name, number) = ReplicaOf(replicaName);
        return resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindReportableAsync(name, number, epoch, cancel) is not { } current) return false;
            var before = ReplicaMeter.Close(change, current, current.Value.Replica(number)!, resources.Now);
            var serving = before with { ServingEpoch = epoch, ReadyTime = resources.Now, MeteredMinutes = 0 };
            var ready = current.Value.With(serving) with { FailedStarts = 0, StatusCode = ErrorCode.Ok, StatusMessage = "" };
            change.SetEndpoint(new(name.Value, number, TrainingJobs.Node, epoch, socket, addonHashes));
            change.Update(current.With(ready, DeploymentStates.Ready, resources.Now));
            DeploymentDues.Serving(change, current.Name, ready.Spec, resources.Now);
            // All or none: an adapter is there once every replica that serves holds it.
            var others = (await resources.Store.ListEndpointsAsync(name.Value, cancel)).Where(endpoint => endpoint.Replica != number).Select(endpoint => endpoint.AddonHashes);
            await deployed.MarkDeployedAsync(change, name, others.Aggregate(addonHashes, (all, one) => [.. all.Intersect(one)]), cancel);
            return true;
        }, cancellationToken);
    }

    /// <summary>The node starts the replica again by itself, until it has failed three times without having been ready.</summary>
    public async ValueTask<bool> ReportExitedAsync(ResourceName replicaName, long epoch, string reason, CancellationToken cancellationToken)
    {
        var (name, number) = ReplicaOf(replicaName);
        var next = await resources.Store.NextEpochAsync(cancellationToken);
        return await resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindReportableAsync(name, number, epoch, cancel) is not { } current) return false;
            var replica = current.Value.Replica(number)!;
            var lost = replica.ServingEpoch == epoch; // an older one may still serve while a new one fails to start
            if (lost) replica = ReplicaMeter.Close(change, current, replica, resources.Now);
            var exited = current.Value.With(replica) with { FailedStarts = current.Value.FailedStarts + 1, StatusCode = ErrorCode.Unavailable, StatusMessage = reason };
            if (lost) await EndEndpointsAsync(change, name, endpoint => endpoint.Replica == number, cancel);
            if (exited.FailedStarts < MaxFailedStarts)
            {
                var serves = exited.Replicas.Any(one => one.ServingEpoch > 0);
                change.Update(current.With(exited, lost && !serves ? DeploymentStates.Updating : null, resources.Now));
                return true;
            }
            if (await TryWithoutNewAddonsAsync(change, current, exited, reason, next, cancel)) return true;
            if (exited.Replicas.Any(one => one.ServingEpoch > 0 && one.Number != number))
            {
                // The others go on without it; it starts again with the next change of the number.
                change.Unassign(replicaName.Value);
                change.Update(current.With(exited with { Replicas = [.. exited.Replicas.Where(one => one.Number != number)], FailedStarts = 0 }, null, resources.Now));
                return true;
            }
            Stop(change, current, exited);
            change.Update(current.With(exited with { DesiredReplicas = 0, Replicas = [] }, DeploymentStates.Failed, resources.Now));
            return true;
        }, cancellationToken);
    }

    /// <summary>After a restart: the replica is gone, a new one starts with a higher epoch (rule R6). The minute in which the server ended is not billed.</summary>
    public async ValueTask RestartAsync(AssignmentRow assignment, CancellationToken cancellationToken)
    {
        var (name, number) = ReplicaOf(ResourceName.Parse(assignment.Resource));
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        await resources.StepAsync(name, async (change, cancel) =>
        {
            await EndEndpointsAsync(change, name, endpoint => endpoint.Replica == number, cancel);
            if (await resources.FindAsync<DeploymentRecord>(name, cancel) is not { } current || current.Value.Replica(number) is null)
            {
                change.Unassign(assignment.Resource);
                return true;
            }
            var state = current.Row.State == DeploymentStates.Ready ? DeploymentStates.Updating : null;
            change.Update(current.With(current.Value.With(new DeploymentReplica(number, epoch)), state, resources.Now)).Assign(assignment with { Epoch = epoch });
            return true;
        }, cancellationToken);
    }

    /// <summary>Writes the usage of the minutes that have passed.</summary>
    internal ValueTask<bool> MeterAsync(ResourceName name, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await resources.FindAsync<DeploymentRecord>(name, cancel) is not { } current || current.Value.Replicas.All(replica => replica.ServingEpoch == 0)) return false;
            var metered = current.Value with { Replicas = [.. current.Value.Replicas.Select(replica => ReplicaMeter.Count(change, current, replica, resources.Now))] };
            change.Update(current.With(metered, null, current.Row.UpdateTime)).Schedule(DeploymentDues.Meter(name, resources.Now));
            return true;
        }, cancellationToken);

    /// <summary>Sets the replicas to a number: those that stay serve on, unless what they hold has changed.</summary>
    private async ValueTask<Stored<DeploymentRecord>> ScaledAsync(
        Change change, Stored<DeploymentRecord> current, DeploymentRecord next, int desired, bool restarts, long epoch, CancellationToken cancellationToken)
    {
        var count = Math.Min(desired, limits.ReplicasPerDeployment);
        var starts = count > 0 && (restarts || current.Value.Replicas.Count == 0);
        var kept = next.Replicas.Where(replica => replica.Number < count).Select(replica => restarts ? replica with { Epoch = epoch } : replica).ToList();
        foreach (var replica in next.Replicas.Where(replica => replica.Number >= count))
        {
            ReplicaMeter.Close(change, current, replica, resources.Now);
            change.Unassign(ReplicaName(current.Name, replica.Number).Value);
        }
        await EndEndpointsAsync(change, current.Name, endpoint => endpoint.Replica >= count, cancellationToken);
        for (var number = 0; number < count; number++)
            if (kept.TrueForAll(replica => replica.Number != number)) kept.Add(new(number, epoch));
        next = next with { DesiredReplicas = desired, Replicas = kept, FailedStarts = starts ? 0 : next.FailedStarts };
        var waits = current.Row.State is DeploymentStates.Creating or DeploymentStates.Updating;
        var row = current.With(next, starts ? DeploymentStates.Updating : count == 0 && waits ? DeploymentStates.Ready : null, resources.Now);
        change.Update(row);
        if (count == 0) DeploymentDues.Stopped(change, current.Name);
        await AssignAsync(change, next, current.Name, replica => replica.Epoch == epoch, cancellationToken);
        return Records.Read<DeploymentRecord>(row);
    }

    /// <summary>A new set of adapters means a new epoch; the old replicas serve on until the new ones are ready.</summary>
    private async ValueTask HoldAsync(
        Change change, Stored<DeploymentRecord> current, DeploymentRecord next, long epoch, CancellationToken cancellationToken)
    {
        next = next with { Replicas = [.. next.Replicas.Select(replica => replica with { Epoch = epoch })] };
        change.Update(current.With(next, null, resources.Now));
        await AssignAsync(change, next, current.Name, _ => true, cancellationToken);
    }

    /// <summary>A newer set of adapters never came up: the ones that no replica has held yet go, and the rest is served as before.</summary>
    private async ValueTask<bool> TryWithoutNewAddonsAsync(
        Change change, Stored<DeploymentRecord> current, DeploymentRecord exited, string reason, long epoch, CancellationToken cancellationToken)
    {
        var failed = await deployed.RefuseNewAsync(change, current.Name, reason, cancellationToken);
        var kept = exited.Addons.Where(addon => !failed.Contains(addon.Record)).ToList();
        if (kept.Count == exited.Addons.Count) return false;
        await HoldAsync(change, current, exited with { Addons = kept, FailedStarts = 0 }, epoch, cancellationToken);
        return true;
    }

    private async ValueTask AssignAsync(
        Change change, DeploymentRecord deployment, ResourceName name, Func<DeploymentReplica, bool> isNew, CancellationToken cancellationToken)
    {
        var replicas = deployment.Replicas.Where(isNew).ToList();
        if (replicas.Count == 0) return;
        var served = await resources.GetAsync<ModelRecord>(ResourceName.Parse(deployment.Spec.BaseModel), cancellationToken);
        var addons = deployment.Addons.Select(addon => new AddonSpec(addon.Model, addon.Path, addon.Hash)).ToList();
        foreach (var replica in replicas)
            change.Assign(await plans.AssignAsync(ReplicaName(name, replica.Number), served, addons, deployment.Spec, replica.Epoch, cancellationToken));
    }

    /// <summary>All replicas end; what they served until now is metered.</summary>
    private void Stop(Change change, Stored<DeploymentRecord> current, DeploymentRecord next)
    {
        foreach (var replica in next.Replicas)
        {
            ReplicaMeter.Close(change, current, replica, resources.Now);
            change.Unassign(ReplicaName(current.Name, replica.Number).Value);
        }
        change.EndEndpoints(current.Name.Value);
        DeploymentDues.Stopped(change, current.Name);
    }

    // The store ends endpoints by deployment: the others are written again.
    private async ValueTask EndEndpointsAsync(Change change, ResourceName name, Func<EndpointRow, bool> ends, CancellationToken cancellationToken)
    {
        var endpoints = await resources.Store.ListEndpointsAsync(name.Value, cancellationToken);
        if (!endpoints.Any(ends)) return;
        change.EndEndpoints(name.Value);
        foreach (var endpoint in endpoints.Where(endpoint => !ends(endpoint))) change.SetEndpoint(endpoint);
    }

    private async ValueTask<Stored<DeploymentRecord>?> FindReportableAsync(ResourceName name, int number, long epoch, CancellationToken cancellationToken)
    {
        var deployment = await resources.FindAsync<DeploymentRecord>(name, cancellationToken);
        return deployment?.Value.Replica(number)?.Epoch == epoch ? deployment : null;
    }
}
