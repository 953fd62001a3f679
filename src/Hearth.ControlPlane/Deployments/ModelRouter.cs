using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Hearth.ControlPlane;

/// <summary>Where a request goes. <paramref name="Model"/> is what answers name; <paramref name="Addon"/> and its hash are null for the base model.</summary>
public sealed record ModelRoute(string Model, ResourceName Deployment, string Socket, string? Addon, string? AddonHash);

/// <summary>Finds the replica behind the <c>model</c> string of an inference call, in each of its forms (docs/platform.md).</summary>
public sealed class ModelRouter(ResourceStore resources, DeployedModels deployed, Deployments deployments, ReplicaLoads loads, Routers routers)
{
    /// <summary>Reason of the refusal of a request for an adapter that no replica could load.</summary>
    public const string AddonNotLoaded = "ADDON_NOT_LOADED";

    /// <exception cref="HearthException">NOT_FOUND for a model that is unknown, not the caller's, or not deployed; UNAVAILABLE while no replica serves it.</exception>
    /// <param name="affinity">Requests with one key go to one replica where the deployment asks for that; null: none.</param>
    public async ValueTask<ModelRoute> RouteAsync(Caller caller, string model, string? affinity, CancellationToken cancellationToken)
    {
        var target = await FindAsync(caller, model, cancellationToken) ?? throw NotServed();
        if (await ReadyAsync(target, null, affinity, cancellationToken) is { } route) return route;
        await deployments.WakeAsync(target.Deployment, cancellationToken);
        throw ScalingUp();
    }

    /// <summary>A replica that is ready, or null; nothing is woken.</summary>
    /// <param name="lost">Socket of a replica that has ended, of which the store may not know yet.</param>
    public async ValueTask<ModelRoute?> FindReadyAsync(Caller caller, string model, string? lost, CancellationToken cancellationToken) =>
        await FindAsync(caller, model, cancellationToken) is { } target ? await ReadyAsync(target, lost, null, cancellationToken) : null;

    public static HearthException NotServed() =>
        new(ErrorCode.NotFound, "Model not found, inaccessible, and/or not deployed") { Param = "model" };

    public static HearthException ScalingUp() => new(
        ErrorCode.Unavailable, "Deployment is currently scaled to zero and is scaling up. Please retry your request in a few minutes.")
    { Reason = "DEPLOYMENT_SCALING_UP" };

    /// <summary>The replica with the fewest outstanding tokens. An adapter is there only where every replica holds it: all or none.</summary>
    private async ValueTask<ModelRoute?> ReadyAsync(Target target, string? lost, string? affinity, CancellationToken cancellationToken)
    {
        var endpoints = await resources.Store.ListEndpointsAsync(target.Deployment.Value, cancellationToken);
        if (target.Hash is not null && !endpoints.All(one => one.AddonHashes.Contains(target.Hash))) return null;
        var left = endpoints.Where(one => one.Socket != lost).ToList();
        var sticks = affinity is not null && left.Count > 1 && (await resources.GetAsync<DeploymentRecord>(target.Deployment, cancellationToken)).Value.Spec.SessionAffinity;
        var endpoint = sticks ? left.MaxBy(one => Weight(affinity!, one.Replica)) : left.MinBy(one => loads.TokensOf(one.Socket));
        return endpoint is null ? null : new(target.Model, target.Deployment, endpoint.Socket, target.Addon, target.Hash);
    }

    /// <summary>Rendezvous hashing: another number of replicas moves only the keys that it must.</summary>
    private static ulong Weight(string affinity, int replica) =>
        BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{replica}/{affinity}")));

    private sealed record Target(string Model, ResourceName Deployment, string? Addon, string? Hash);

    private async ValueTask<Target?> FindAsync(Caller caller, string text, CancellationToken cancellationToken)
    {
        var parts = text.Split('#');
        if (parts.Length > 2 || TryName(parts[0], caller.Account, ResourceKind.Models) is not { } name) return null;
        if (parts.Length == 2)
        {
            return TryName(parts[1], caller.Account, ResourceKind.Deployments) is { } place
                ? await OnDeploymentAsync(caller, name, place, cancellationToken)
                : null;
        }
        return name.Kind switch
        {
            ResourceKind.Deployments => await DeploymentItselfAsync(caller, name, cancellationToken),
            ResourceKind.DeployedModels => await RecordAsync(caller, name, cancellationToken),
            ResourceKind.Routers when await routers.NextAsync(caller, name, cancellationToken) is { } place =>
                await DeploymentItselfAsync(caller, place, cancellationToken) is { } itself ? itself with { Model = name.Value } : null,
            ResourceKind.Models when parts[0].Contains('/') => await DefaultAsync(caller, name, cancellationToken),
            ResourceKind.Models => await DefaultAsync(caller, name, cancellationToken)
                ?? await DefaultAsync(caller, ResourceName.Of(ModelCatalogue.CatalogueAccount, ResourceKind.Models, name.Id), cancellationToken),
            _ => null,
        };
    }

    /// <summary>Full names, <c>account/id</c>, and bare ids of <paramref name="kind"/>.</summary>
    private static ResourceName? TryName(string text, string account, string kind)
    {
        var parts = text.Split('/');
        if (parts.Any(part => part == "")) return null;
        return parts.Length switch
        {
            1 => ResourceName.Of(account, kind, parts[0]),
            2 when parts[0] != "accounts" => ResourceName.Of(parts[0], kind, parts[1]),
            4 when parts[0] == "accounts" => ResourceName.Parse(text),
            _ => null,
        };
    }

    private async ValueTask<Target?> OnDeploymentAsync(Caller caller, ResourceName model, ResourceName place, CancellationToken cancellationToken)
    {
        if (await VisibleAsync(caller, place, cancellationToken) is not { } deployment) return null;
        if (deployment.Value.Spec.BaseModel == model.Value) return Itself(deployment, $"{model}#{place}");
        var addon = deployment.Value.Addons.FirstOrDefault(one => one.Model == model.Value);
        return addon is null ? null : new($"{model}#{place}", place, addon.Model, addon.Hash);
    }

    private async ValueTask<Target?> DeploymentItselfAsync(Caller caller, ResourceName place, CancellationToken cancellationToken) =>
        await VisibleAsync(caller, place, cancellationToken) is { } deployment ? Itself(deployment, place.Value) : null;

    private async ValueTask<Target?> RecordAsync(Caller caller, ResourceName record, CancellationToken cancellationToken)
    {
        var found = await resources.FindAsync<DeployedModelRecord>(record, cancellationToken);
        if (found is null || !(record.Account == caller.Account || found.Value.Public)) return null;
        return ToTarget(found, record.Value);
    }

    /// <summary>A model without a deployment: its default deployed model of the caller's account, else of the catalogue's; else a live merge.</summary>
    private async ValueTask<Target?> DefaultAsync(Caller caller, ResourceName model, CancellationToken cancellationToken)
    {
        var records = await deployed.OfModelAsync(model.Value, cancellationToken);
        foreach (var account in new[] { caller.Account, ModelCatalogue.CatalogueAccount })
        {
            if (records.FirstOrDefault(record => record.Name.Account == account && record.Value.Default) is { } found) return ToTarget(found, model.Value);
        }
        var merged = (await resources.Store.ListReferrersAsync(model.Value, ResourceKind.Deployments, cancellationToken))
            .Where(row => row.Name.Account == caller.Account).Select(Records.Read<DeploymentRecord>).FirstOrDefault(deployment => deployment.Value.Spec.BaseModel == model.Value);
        return merged is null ? null : Itself(merged, model.Value);
    }

    /// <exception cref="HearthException">The adapter could not be loaded.</exception>
    private static Target ToTarget(Stored<DeployedModelRecord> record, string shown) => record.Row.State == DeployedModelRecord.Undeploying
        ? throw new HearthException(record.Value.StatusCode, record.Value.StatusMessage) { Param = "model", Reason = AddonNotLoaded }
        : new(shown, ResourceName.Parse(record.Value.Deployment), record.Value.Hash == "" ? null : record.Value.Model, record.Value.Hash == "" ? null : record.Value.Hash);

    /// <summary>The deployment's own model: the base, or the adapter of a live merge or a hot reload.</summary>
    private static Target Itself(Stored<DeploymentRecord> deployment, string shown)
    {
        var merged = deployment.Value.Addons.FirstOrDefault(addon => addon.Record == "" || deployment.Value.Spec.HotReloadAddon);
        return new(shown, deployment.Name, merged?.Model, merged?.Hash);
    }

    private async ValueTask<Stored<DeploymentRecord>?> VisibleAsync(Caller caller, ResourceName place, CancellationToken cancellationToken) =>
        place.Kind == ResourceKind.Deployments && (place.Account == caller.Account || place.Account == ModelCatalogue.CatalogueAccount)
            ? await resources.FindAsync<DeploymentRecord>(place, cancellationToken)
            : null;
}
