namespace Hearth.ControlPlane;

/// <summary>A name for several deployments of one model: requests are spread over them by their ready replicas.</summary>
public sealed record RouterRecord
{
    public string CreatedBy { get; init; } = "";
    public string DisplayName { get; init; } = "";
    public string Description { get; init; } = "";
    /// <summary>The model that all of the deployments serve.</summary>
    public string Model { get; init; } = "";
    public IReadOnlyList<string> Deployments { get; init; } = [];
}

/// <summary>The verbs on routers, and the choice that one makes for each request.</summary>
public sealed class Routers(ResourceStore resources)
{
    private const int MaxDeployments = 100;

    // Whose turn it is. Only the proportions matter, so a restart may begin anywhere.
    private uint _turn;

    public ValueTask<Stored<RouterRecord>> CreateAsync(Caller caller, ResourceName name, RouterRecord router, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "create", name, async (change, cancel) =>
        {
            var whole = await CheckedAsync(name.Account, router with { CreatedBy = caller.Email }, cancel);
            var row = resources.NewRow(name, "READY", whole, [.. whole.Deployments]);
            change.Insert(row);
            return Records.Read<RouterRecord>(row);
        }, cancellationToken);

    public ValueTask<Stored<RouterRecord>> UpdateAsync(Caller caller, ResourceName name, Func<RouterRecord, RouterRecord> update, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "update", name, async (change, cancel) =>
        {
            var current = await resources.GetAsync<RouterRecord>(name, cancel);
            var whole = await CheckedAsync(name.Account, update(current.Value), cancel);
            var next = current.With(whole, null, resources.Now) with { References = [.. whole.Deployments] };
            change.Update(next);
            return Records.Read<RouterRecord>(next);
        }, cancellationToken);

    public ValueTask<bool> DeleteAsync(Caller caller, ResourceName name, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "delete", name, async (change, cancel) =>
        {
            change.Delete((await resources.GetAsync<RouterRecord>(name, cancel)).Row);
            return true;
        }, cancellationToken);

    /// <summary>
    /// The deployment for the next request: each has its turn as often as it has ready replicas. Where none has any, one that may be woken.
    /// Null: there is no such router for the caller.
    /// </summary>
    public async ValueTask<ResourceName?> NextAsync(Caller caller, ResourceName router, CancellationToken cancellationToken)
    {
        if (router.Account != caller.Account || await resources.FindAsync<RouterRecord>(router, cancellationToken) is not { } found) return null;
        var places = new List<ResourceName>();
        foreach (var deployment in found.Value.Deployments)
        {
            var ready = (await resources.Store.ListEndpointsAsync(deployment, cancellationToken)).Count;
            places.AddRange(Enumerable.Repeat(ResourceName.Parse(deployment), ready));
        }
        if (places.Count == 0) places = [.. found.Value.Deployments.Select(ResourceName.Parse)];
        return places[(int)(Interlocked.Increment(ref _turn) % (uint)places.Count)];
    }

    private async ValueTask<RouterRecord> CheckedAsync(string account, RouterRecord router, CancellationToken cancellationToken)
    {
        if (router.Deployments.Count is 0 or > MaxDeployments) throw HearthException.Invalid($"deployments names {router.Deployments.Count} deployments. Name 1 to {MaxDeployments}.");
        var places = router.Deployments.Select(text => ResourceName.Resolve(text, account, ResourceKind.Deployments)).Distinct().ToList();
        var models = new List<string>();
        foreach (var place in places)
        {
            if (place.Account != account) throw HearthException.NotFound(place.Value);
            models.Add((await resources.GetAsync<DeploymentRecord>(place, cancellationToken)).Value.Spec.BaseModel);
        }
        if (models.Distinct().Count() > 1)
            throw HearthException.Invalid($"{places[0]} serves {models[0]}, but {places[models.FindIndex(model => model != models[0])]} another model. A router's deployments serve one model.");
        return router with { Model = models[0], Deployments = [.. places.Select(place => place.Value)] };
    }
}
