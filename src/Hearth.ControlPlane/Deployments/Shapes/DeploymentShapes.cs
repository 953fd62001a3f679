namespace Hearth.ControlPlane;

/// <summary>
/// Deployment shapes: each base model of the catalogue has the presets minimal, fast and throughput, public, in the catalogue's account.
/// A model that is registered with other facts gives its shapes a new version; older ones stay for the deployments that name them.
/// </summary>
public sealed class DeploymentShapes(ResourceStore resources, ModelCatalogue models)
{
    private const string Latest = "latest";
    private const string Default = "default";

    /// <summary>Adds to a base model's registration its shapes, and a version to each that is new or differs from its last one.</summary>
    public static async ValueTask AddAsync(Change change, ResourceStore resources, ResourceName model, ModelFacts facts, CancellationToken cancellationToken)
    {
        foreach (var (suffix, shape) in DeploymentShapeRecord.PresetsOf(model, facts))
        {
            var name = ResourceName.Of(model.Account, ResourceKind.DeploymentShapes, $"{model.Id}-{suffix}");
            var known = await resources.FindAsync<DeploymentShapeRecord>(name, cancellationToken);
            if (known is not null && known.Value with { LatestVersion = "" } == shape) continue;
            var version = "v" + (1 + (known is null ? 0 : int.Parse(known.Value.LatestVersion[1..], System.Globalization.CultureInfo.InvariantCulture)));
            var next = shape with { LatestVersion = version };
            var snapshot = resources.NewRow(VersionName(name, version), "READY", new DeploymentShapeVersionRecord { Snapshot = next });
            change.Insert(snapshot);
            if (known is null) change.Insert(resources.NewRow(name, "READY", next));
            else change.Update(known.With(next, null, resources.Now));
        }
    }

    public static ResourceName VersionName(ResourceName shape, string version) => ResourceName.Below(shape.Value, ResourceKind.DeploymentShapeVersions, version);

    /// <summary>One version; <c>latest</c> is the newest.</summary>
    public async ValueTask<Stored<DeploymentShapeVersionRecord>> GetVersionAsync(ResourceName shape, string version, CancellationToken cancellationToken)
    {
        var id = version == Latest ? (await resources.GetAsync<DeploymentShapeRecord>(shape, cancellationToken)).Value.LatestVersion : version;
        return await resources.GetAsync<DeploymentShapeVersionRecord>(VersionName(shape, id), cancellationToken);
    }

    /// <summary>All versions of all shapes of an account.</summary>
    public async ValueTask<IReadOnlyList<ResourceRow>> AllVersionsAsync(string account, CancellationToken cancellationToken)
    {
        var rows = new List<ResourceRow>();
        foreach (var shape in await resources.ListAsync<DeploymentShapeRecord>(account, ResourceKind.DeploymentShapes, cancellationToken))
            rows.AddRange(await resources.Store.ListAsync(new ResourceQuery(ResourceKind.DeploymentShapeVersions, shape.Name.Value), cancellationToken));
        return rows;
    }

    /// <summary>The newest versions that fit a model, which may be an adapter: it is matched by its base.</summary>
    public async ValueTask<IReadOnlyList<Stored<DeploymentShapeVersionRecord>>> MatchAsync(
        Caller caller, string model, bool enableAddons, CancellationToken cancellationToken)
    {
        var wanted = await BaseOfAsync(caller, model, cancellationToken);
        var matches = new List<Stored<DeploymentShapeVersionRecord>>();
        foreach (var shape in await resources.ListAsync<DeploymentShapeRecord>(ModelCatalogue.CatalogueAccount, ResourceKind.DeploymentShapes, cancellationToken))
        {
            if (shape.Value.BaseModel == wanted.Value && (shape.Value.EnableAddons || !enableAddons))
                matches.Add(await GetVersionAsync(shape.Name, Latest, cancellationToken));
        }
        return matches;
    }

    /// <summary>The version that a deployment's <c>deploymentShape</c> means: a preset's name, a shape, or one of its versions.</summary>
    /// <param name="enableAddons">Null where the caller left it to the shape.</param>
    /// <exception cref="HearthException">There is no such shape, or it is another model's.</exception>
    public async ValueTask<Stored<DeploymentShapeVersionRecord>> ResolveAsync(
        Caller caller, string text, string model, bool? enableAddons, bool anyModel, CancellationToken cancellationToken)
    {
        var wanted = await BaseOfAsync(caller, model, cancellationToken);
        var version = await FindAsync(caller, text, wanted, enableAddons == true, cancellationToken);
        var shape = version.Value.Snapshot;
        if (shape.BaseModel != wanted.Value && !anyModel)
            throw HearthException.Invalid($"deploymentShape {version.Name} is for {shape.BaseModel}, not for {wanted}. Choose one of its own, such as fast or throughput.");
        if (enableAddons == true && !shape.EnableAddons)
            throw HearthException.Invalid($"deploymentShape {version.Name} takes no addons. Choose minimal or throughput, or leave enableAddons out.");
        return version;
    }

    private async ValueTask<Stored<DeploymentShapeVersionRecord>> FindAsync(
        Caller caller, string text, ResourceName wanted, bool addons, CancellationToken cancellationToken)
    {
        var preset = text.ToLowerInvariant() switch
        {
            "cost" or "minimal" => "minimal",
            "fast" => "fast",
            "throughput" => "throughput",
            Default => addons ? "throughput" : "minimal",
            _ => null,
        };
        if (preset is not null) return await PresetAsync(wanted, preset, cancellationToken);
        if (!text.Contains('/')) text = ResourceName.Of(ModelCatalogue.CatalogueAccount, ResourceKind.DeploymentShapes, text).Value;
        var name = ResourceName.Parse(text);
        if (name.Account != caller.Account && name.Account != ModelCatalogue.CatalogueAccount) throw HearthException.NotFound(name.Value);
        return name.Kind switch
        {
            ResourceKind.DeploymentShapes => await GetVersionAsync(name, Latest, cancellationToken),
            ResourceKind.DeploymentShapeVersions => await GetVersionAsync(ResourceName.Parse(name.Parent), name.Id, cancellationToken),
            _ => throw HearthException.Invalid($"deploymentShape '{text}' names one of {name.Kind}. Give a deployment shape, one of its versions, or minimal, fast, throughput, default."),
        };
    }

    private async ValueTask<Stored<DeploymentShapeVersionRecord>> PresetAsync(ResourceName model, string preset, CancellationToken cancellationToken)
    {
        var shape = ResourceName.Of(model.Account, ResourceKind.DeploymentShapes, $"{model.Id}-{preset}");
        return await resources.FindAsync<DeploymentShapeRecord>(shape, cancellationToken) is null
            ? throw HearthException.Precondition($"{model} has no deployment shapes. Leave deploymentShape out.")
            : await GetVersionAsync(shape, Latest, cancellationToken);
    }

    private async ValueTask<ResourceName> BaseOfAsync(Caller caller, string model, CancellationToken cancellationToken)
    {
        var found = await models.FindUsableAsync(caller, model, cancellationToken);
        return found.Value.Adapter is { } adapter ? ResourceName.Parse(adapter.BaseModel) : found.Name;
    }
}
