using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>
/// Adds and takes away replicas by load, between min (but at least one) and max; zero is the due rows' business. What it has seen is in memory and may be
/// lost: after a restart the windows begin anew.
/// </summary>
internal sealed partial class ScalingService(
    ResourceStore resources, Deployments deployments, DeploymentLimits limits, DeploymentWindows windows, TimeProvider clock, ILogger<ScalingService> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Dictionary<ResourceName, ScaleWindow> _windows = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, clock, stoppingToken);
                await LookAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    /// <summary>One look at every deployment that has replicas.</summary>
    internal async Task LookAsync(CancellationToken cancellationToken)
    {
        if (limits.ReplicasPerDeployment < 2) return;
        var assignments = await resources.Store.ListAssignmentsAsync(null, cancellationToken);
        var names = assignments.Where(row => row.Kind == AssignmentKind.Replica).Select(row => Deployments.ReplicaOf(ResourceName.Parse(row.Resource)).Deployment)
            .Where(name => name.Kind == ResourceKind.Deployments).ToHashSet();
        foreach (var gone in _windows.Keys.Except(names).ToList()) _windows.Remove(gone);
        foreach (var name in names)
        {
            try
            {
                await LookAsync(name, cancellationToken);
            }
            catch (Exception fault) when (fault is HearthException or StoreUnavailableException)
            {
                LogFailed(name.Value, fault); // it was deleted meanwhile, or the store is away: the next look decides anew
            }
        }
    }

    private async ValueTask LookAsync(ResourceName name, CancellationToken cancellationToken)
    {
        var deployment = await resources.GetAsync<DeploymentRecord>(name, cancellationToken);
        var spec = deployment.Value.Spec;
        var most = Math.Min(spec.MaxReplicaCount, limits.ReplicasPerDeployment);
        if (most < 2 || deployment.Value.DesiredReplicas == 0) return;
        if (!_windows.TryGetValue(name, out var window)) _windows[name] = window = new();
        var wanted = Math.Clamp(LoadOf(name).Wanted(spec.LoadTargets), Math.Min(most, Math.Max(1, spec.MinReplicaCount)), most);
        var current = Math.Min(most, deployment.Value.DesiredReplicas);
        if (window.Decide(clock.GetUtcNow(), wanted, current, spec.ScaleUpWindow, spec.ScaleDownWindow) is not { } replicas) return;
        await deployments.ScaleAsync(Caller.System, name, replicas, cancellationToken);
    }

    private DeploymentLoad LoadOf(ResourceName name)
    {
        var (ended, active) = windows.Read(name.Value);
        var seconds = DeploymentWindows.Length.TotalSeconds;
        return new(active, ended.Count / seconds, ended.Sum(run => run.Usage.PromptTokens) / seconds, ended.Sum(run => run.Usage.CompletionTokens) / seconds);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Scaling of {Deployment} was skipped")]
    private partial void LogFailed(string deployment, Exception fault);
}
