namespace Hearth.ControlPlane;

/// <summary>What happens to deployments that are asked, or that nobody asks for long.</summary>
public sealed partial class Deployments
{
    private static readonly TimeSpan BusyPause = TimeSpan.FromMinutes(1);

    /// <summary>A request came for a deployment without replicas: start them, unless it is parked.</summary>
    public async ValueTask WakeAsync(ResourceName name, CancellationToken cancellationToken)
    {
        var current = await resources.GetAsync<DeploymentRecord>(name, cancellationToken);
        if (current.Value.DesiredReplicas == 0 && current.Value.Spec.MaxReplicaCount > 0)
            await ScaleAsync(Caller.System, name, Math.Max(1, current.Value.Spec.MinReplicaCount), cancellationToken);
    }

    /// <summary>Due: nobody has asked for the length of the window, so the replicas end until somebody does.</summary>
    internal ValueTask<bool> ScaleToZeroAsync(ResourceName name, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await resources.FindAsync<DeploymentRecord>(name, cancel) is not { } current) return false;
            if (current.Value.Spec.MinReplicaCount > 0 || current.Value.Replicas.Count == 0) return false;
            var used = await resources.Store.LastUsageAsync(name.Value, cancel) ?? DateTimeOffset.MinValue;
            var served = current.Value.Replicas.Max(replica => replica.ReadyTime);
            var until = (used > served ? used : served) + current.Value.Spec.ScaleToZeroWindow;
            if (loads.RequestsOf(name) > 0) until = resources.Now + BusyPause;
            if (until > resources.Now)
            {
                change.Schedule(new(until, name.Value, DeploymentDues.IdleKind));
                return true;
            }
            await ScaledAsync(change, current, current.Value, 0, restarts: false, 0, cancel);
            Audit(change, name, "scaleToZero");
            return true;
        }, cancellationToken);

    /// <summary>Due: a deployment at min 0 that nobody has asked for a week goes, softly.</summary>
    internal async ValueTask<bool> DeleteUnusedAsync(ResourceName name, CancellationToken cancellationToken)
    {
        try
        {
            return await DeleteWhereUnusedAsync(name, cancellationToken);
        }
        catch (HearthException used) when (used.Code == ErrorCode.FailedPrecondition)
        {
            // A router or a job names it: it is looked at again later.
            return await resources.StepAsync(name, (change, _) =>
            {
                change.Schedule(new(resources.Now + DeploymentDues.Unused, name.Value, DeploymentDues.UnusedKind));
                return ValueTask.FromResult(true);
            }, cancellationToken);
        }
    }

    private ValueTask<bool> DeleteWhereUnusedAsync(ResourceName name, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await resources.FindAsync<DeploymentRecord>(name, cancel) is not { Value.Spec: { MinReplicaCount: 0, MaxReplicaCount: > 0 } } current) return false;
            var last = await resources.Store.LastUsageAsync(name.Value, cancel) ?? current.Row.CreateTime;
            if (loads.RequestsOf(name) > 0 || last + DeploymentDues.Unused > resources.Now)
            {
                change.Schedule(new((loads.RequestsOf(name) > 0 ? resources.Now : last) + DeploymentDues.Unused, name.Value, DeploymentDues.UnusedKind));
                return true;
            }
            await DeleteSoftlyAsync(change, current, cancel);
            Audit(change, name, "deleteUnused");
            return true;
        }, cancellationToken);

    /// <summary>Due: the time in which a deleted deployment can be restored is over.</summary>
    internal ValueTask<bool> PurgeAsync(ResourceName name, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await resources.Store.GetAsync(name.Value, cancel) is not { Deleted: true } row || Records.Read<DeploymentRecord>(row).Value.PurgeTime > resources.Now) return false;
            change.Delete(row);
            Audit(change, name, "purge");
            return true;
        }, cancellationToken);

    private void Audit(Change change, ResourceName name, string method) =>
        change.Record(new(name.Account, resources.Now, Caller.System.Email, "", $"{name.Kind}.{method}", name.Value));
}
