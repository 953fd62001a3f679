namespace Hearth.ControlPlane;

/// <summary>
/// Replica-seconds by replica, epoch and minute (rule R10): from the moment in which a replica serves to its end, idle or not. Written each minute and
/// at the end; a minute is written once, whatever is repeated.
/// </summary>
internal static class ReplicaMeter
{
    public const string Kind = "replica";
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    /// <summary>Meters the whole minutes that have passed since the last time.</summary>
    public static DeploymentReplica Count(Change change, Stored<DeploymentRecord> deployment, DeploymentReplica replica, DateTimeOffset now)
    {
        if (replica.ServingEpoch == 0) return replica;
        for (; replica.ReadyTime + Minute * (replica.MeteredMinutes + 1) <= now; replica = replica with { MeteredMinutes = replica.MeteredMinutes + 1 })
            change.Meter(Entry(deployment, replica, Minute));
        return replica;
    }

    /// <summary>Meters the rest: the replica serves no more.</summary>
    public static DeploymentReplica Close(Change change, Stored<DeploymentRecord> deployment, DeploymentReplica replica, DateTimeOffset now)
    {
        replica = Count(change, deployment, replica, now);
        var rest = now - (replica.ReadyTime + Minute * replica.MeteredMinutes);
        if (replica.ServingEpoch > 0 && rest > TimeSpan.Zero) change.Meter(Entry(deployment, replica, rest));
        return replica with { ServingEpoch = 0, MeteredMinutes = 0 };
    }

    private static UsageEntry Entry(Stored<DeploymentRecord> deployment, DeploymentReplica replica, TimeSpan duration)
    {
        var resource = $"{deployment.Name}/{ResourceKind.Replicas}/{replica.Number}";
        var start = replica.ReadyTime + Minute * replica.MeteredMinutes;
        return new($"{Kind}/{resource}/{replica.ServingEpoch}/{replica.MeteredMinutes}", deployment.Name.Account, Kind, resource, deployment.Value.Spec.BaseModel, start)
        {
            DurationMilliseconds = (long)duration.TotalMilliseconds,
            Accelerators = Math.Max(1, deployment.Value.Spec.AcceleratorCount),
        };
    }
}
