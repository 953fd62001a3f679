namespace Hearth.ControlPlane;

/// <summary>What happens to deployments at a time (rule R8).</summary>
internal static class DeploymentDues
{
    /// <summary>A minute of replicas is over.</summary>
    public const string MeterKind = "deployment.meter";
    /// <summary>Nobody may have asked for the length of the scale-to-zero window.</summary>
    public const string IdleKind = "deployment.idle";
    /// <summary>Nobody may have asked for a week.</summary>
    public const string UnusedKind = "deployment.unused";
    /// <summary>A deleted one can no longer be restored.</summary>
    public const string PurgeKind = "deployment.purge";

    /// <summary>Deployments at min 0 that nobody asks are deleted after this time (decision 0002).</summary>
    public static readonly TimeSpan Unused = TimeSpan.FromDays(7);

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    public static DueRow Meter(ResourceName name, DateTimeOffset now) => new(now + Minute, name.Value, MeterKind);

    /// <summary>A replica serves from now on.</summary>
    public static void Serving(Change change, ResourceName name, DeploymentSpec spec, DateTimeOffset now)
    {
        change.Schedule(Meter(name, now));
        Idle(change, name, spec, now);
    }

    /// <summary>Counts the scale-to-zero window from now on.</summary>
    public static void Idle(Change change, ResourceName name, DeploymentSpec spec, DateTimeOffset now)
    {
        if (spec.MinReplicaCount == 0) change.Schedule(new(now + spec.ScaleToZeroWindow, name.Value, IdleKind));
        else change.Unschedule(name.Value, IdleKind);
    }

    /// <summary>No replica is left.</summary>
    public static void Stopped(Change change, ResourceName name) => change.Unschedule(name.Value, MeterKind).Unschedule(name.Value, IdleKind);

    /// <summary>A deployment whose minimum is 0 is not kept for ever; one that is parked was told to wait.</summary>
    public static void Kept(Change change, ResourceName name, DeploymentSpec spec, DateTimeOffset now)
    {
        if (spec is { MinReplicaCount: 0, MaxReplicaCount: > 0 }) change.Schedule(new(now + Unused, name.Value, UnusedKind));
        else change.Unschedule(name.Value, UnusedKind);
    }
}

/// <summary>Does what is due for deployments, each kind by an instance of its own.</summary>
public sealed class DeploymentDueHandler(Deployments deployments, string kind) : IDueHandler
{
    public static IReadOnlyList<string> Kinds { get; } = [DeploymentDues.MeterKind, DeploymentDues.IdleKind, DeploymentDues.UnusedKind, DeploymentDues.PurgeKind];

    public string Kind => kind;

    public async ValueTask HandleAsync(DueRow due, CancellationToken cancellationToken)
    {
        var name = ResourceName.Parse(due.Resource);
        _ = kind switch
        {
            DeploymentDues.MeterKind => await deployments.MeterAsync(name, cancellationToken),
            DeploymentDues.IdleKind => await deployments.ScaleToZeroAsync(name, cancellationToken),
            DeploymentDues.UnusedKind => await deployments.DeleteUnusedAsync(name, cancellationToken),
            _ => await deployments.PurgeAsync(name, cancellationToken),
        };
    }
}
