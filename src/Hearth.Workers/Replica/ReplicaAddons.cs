using System.Globalization;
using Hearth.ControlPlane;
using Hearth.Inference;
using Hearth.Models;

namespace Hearth.Workers;

/// <summary>
/// The adapters that a replica serves. All are known, those in use are in memory. A set replaces another while requests run: those that were routed to a
/// version find that version until the set after.
/// </summary>
internal sealed class ReplicaAddons : IDisposable
{
    private const long DefaultMegabytes = 2048;

    private readonly AddonRegistry _registry;
    private readonly SemaphoreSlim _setting = new(1);
    private volatile IReadOnlyList<AddonSpec> _current = [];
    private HashSet<string> _served = []; // keys of the set before and of this one

    public ReplicaAddons(ModelConfiguration configuration) => _registry = new AddonRegistry(source => Load(source, configuration), Budget());

    /// <summary>File hashes of the adapters, in order.</summary>
    public IReadOnlyList<string> Hashes => [.. _current.Select(addon => addon.Hash).Order(StringComparer.Ordinal)];

    /// <summary>Serves these from now on. Each new one is loaded once to see that it can be; where one cannot, nothing changes.</summary>
    /// <exception cref="InvalidDataException">An adapter cannot be loaded; the message names it.</exception>
    public async Task SetAsync(IReadOnlyList<AddonSpec> wanted, CancellationToken cancellationToken)
    {
        await _setting.WaitAsync(cancellationToken);
        try
        {
            foreach (var addon in wanted) _registry.Set(new AddonSource(Key(addon.ModelName, addon.Hash), addon.AdapterPath, addon.Hash));
            foreach (var addon in wanted.Except(_current)) (await _registry.AcquireAsync(Key(addon.ModelName, addon.Hash), cancellationToken)).Dispose();
            var keep = _current.Concat(wanted).Select(addon => Key(addon.ModelName, addon.Hash)).ToHashSet(StringComparer.Ordinal);
            foreach (var old in _served.Except(keep).ToList()) _registry.Remove(old);
            (_served, _current) = (keep, wanted);
        }
        catch (AddonLoadException e)
        {
            var keep = _current.Select(addon => Key(addon.ModelName, addon.Hash)).ToHashSet(StringComparer.Ordinal);
            foreach (var addon in wanted.Where(addon => !keep.Contains(Key(addon.ModelName, addon.Hash)))) _registry.Remove(Key(addon.ModelName, addon.Hash));
            throw new InvalidDataException(e.Message, e);
        }
        finally
        {
            _setting.Release();
        }
    }

    /// <summary>The adapter of a request, in memory; null for the base model. Loud, never the base model: a request for an adapter that is not held is refused.</summary>
    public async ValueTask<AddonLease?> AcquireAsync(GenerationRequest request, CancellationToken cancellationToken)
    {
        if (request.Addon is not { } name) return null;
        var held = _current.Where(addon => addon.ModelName == name).ToList();
        var hash = request.AddonHash ?? held.FirstOrDefault()?.Hash;
        try
        {
            if (hash is not null && _registry.Knows(Key(name, hash))) return await _registry.AcquireAsync(Key(name, hash), cancellationToken);
        }
        catch (KeyNotFoundException)
        {
            // It went in this moment.
        }
        catch (AddonLoadException e)
        {
            throw new ReplicaRequestException("FAILED_PRECONDITION", e.Message);
        }
        throw held.Count == 0
            ? new ReplicaRequestException("NOT_FOUND", $"This replica does not hold the adapter {name}.")
            : new ReplicaRequestException("FAILED_PRECONDITION", $"This replica holds another version of the adapter {name}.");
    }

    public void Dispose()
    {
        _registry.Dispose();
        _setting.Dispose();
    }

    private static AdapterWeights Load(AddonSource source, ModelConfiguration configuration)
    {
        var hash = LoraAdapter.HashOf(source.Folder);
        return hash == source.Version
            ? AdapterWeights.Load(source.Folder, configuration)
            : throw new InvalidDataException($"its weights in {source.Folder} have the hash {hash}, expected {source.Version}: the file was changed.");
    }

    // Models' names have no '@'.
    private static string Key(string model, string hash) => $"{model}@{hash}";

    /// <summary><c>HEARTH_ADAPTER_MB</c> or 2 GiB.</summary>
    private static long Budget() =>
        (long.TryParse(Environment.GetEnvironmentVariable("HEARTH_ADAPTER_MB"), NumberStyles.None, CultureInfo.InvariantCulture, out var megabytes) && megabytes > 0 ? megabytes : DefaultMegabytes) << 20;
}
