namespace Hearth.ControlPlane;

/// <summary>Writes down what a replica of a model must hold.</summary>
public sealed class ReplicaPlans(ResourceStore resources)
{
    /// <summary>The base model itself, or the one that an adapter was trained on.</summary>
    public async ValueTask<Stored<ModelRecord>> BaseOfAsync(Stored<ModelRecord> model, CancellationToken cancellationToken) =>
        model.Value.Adapter is { } adapter ? await resources.GetAsync<ModelRecord>(ResourceName.Parse(adapter.BaseModel), cancellationToken) : model;

    /// <summary>A replica of a base model, or of an adapter with its base.</summary>
    public ValueTask<AssignmentRow> AssignAsync(ResourceName resource, Stored<ModelRecord> model, long epoch, CancellationToken cancellationToken) =>
        AssignAsync(resource, model, model.Value.Adapter is { } adapter ? [new(model.Name.Value, model.Value.Path, adapter.Hash)] : [], null, epoch, cancellationToken);

    /// <param name="model">A base model, or an adapter among <paramref name="addons"/>.</param>
    /// <param name="deployment">Settings; null: none.</param>
    public async ValueTask<AssignmentRow> AssignAsync(
        ResourceName resource, Stored<ModelRecord> model, IReadOnlyList<AddonSpec> addons, DeploymentSpec? deployment, long epoch, CancellationToken cancellationToken)
    {
        var weights = await BaseOfAsync(model, cancellationToken);
        var spec = new ReplicaSpec
        {
            ModelPath = weights.Value.Path,
            ModelName = weights.Name.Value,
            Addons = await WithChatsAsync(addons, cancellationToken),
            MaxContextLength = deployment?.MaxContextLength,
            NgramSpeculationLength = deployment?.NgramSpeculationLength ?? 0,
            Chat = weights.Value.Chat,
        };
        return new(resource.Value, TrainingJobs.Node, AssignmentKind.Replica, epoch, Records.Write(spec));
    }

    private async ValueTask<IReadOnlyList<AddonSpec>> WithChatsAsync(IReadOnlyList<AddonSpec> addons, CancellationToken cancellationToken)
    {
        var known = new List<AddonSpec>();
        foreach (var addon in addons)
            known.Add(addon with { Chat = (await resources.FindAsync<ModelRecord>(ResourceName.Parse(addon.ModelName), cancellationToken))?.Value.Chat });
        return known;
    }
}
