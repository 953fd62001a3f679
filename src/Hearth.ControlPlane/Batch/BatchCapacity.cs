namespace Hearth.ControlPlane;

/// <summary>Finds the replica that answers a job's rows: the job's own where it has one, else one of a deployment that serves the model.</summary>
public sealed class BatchCapacity(ResourceStore resources, ModelRouter router)
{
    /// <summary>Null while nothing serves the model.</summary>
    /// <param name="lost">Sockets of replicas that have ended, of which the store may not know yet.</param>
    public async ValueTask<BatchPlace?> FindAsync(Stored<BatchJobRecord> job, IReadOnlySet<string> lost, CancellationToken cancellationToken)
    {
        var own = (await resources.Store.ListEndpointsAsync(job.Name.Value, cancellationToken)).FirstOrDefault(endpoint => !lost.Contains(endpoint.Socket));
        if (own is not null) return await OwnAsync(job, own, cancellationToken);
        var route = await router.FindReadyAsync(job.Value.Caller(job.Name.Account), job.Value.Spec.Model, null, cancellationToken);
        return route is null || lost.Contains(route.Socket) ? null : new(route.Deployment, route.Socket, route.Addon, route.AddonHash);
    }

    private async ValueTask<BatchPlace> OwnAsync(Stored<BatchJobRecord> job, EndpointRow endpoint, CancellationToken cancellationToken)
    {
        var model = await resources.GetAsync<ModelRecord>(ResourceName.Parse(job.Value.Spec.Model), cancellationToken);
        return new(job.Name, endpoint.Socket, model.Value.Adapter is null ? null : model.Name.Value, model.Value.Adapter?.Hash);
    }
}
