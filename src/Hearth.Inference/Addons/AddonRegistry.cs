using System.Collections.Concurrent;

namespace Hearth.Inference;

/// <summary>The addons that an engine serves, by name. Replacing one is atomic: a request has the old adapter or the new one, all the way.</summary>
public sealed class AddonRegistry : IDisposable
{
    private readonly ConcurrentDictionary<string, Addon> _addons = new(StringComparer.Ordinal);

    /// <summary>Content hashes of what is served, in order.</summary>
    public IReadOnlyList<string> Hashes => [.. _addons.Values.Select(addon => addon.Hash).Order(StringComparer.Ordinal)];

    /// <summary>Names of what is served, in order.</summary>
    public IReadOnlyList<string> Names => [.. _addons.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Serves an addon from now on, instead of the one with the same name.</summary>
    public void Set(Addon addon)
    {
        Addon? replaced = null;
        _addons.AddOrUpdate(addon.Name, addon, (_, old) =>
        {
            replaced = old;
            return addon;
        });
        replaced?.Release();
    }

    /// <summary>Finds an addon.</summary>
    public bool TryGet(string name, out Addon addon) => _addons.TryGetValue(name, out addon!);

    /// <summary>Stops serving an addon; running requests keep it.</summary>
    public bool Remove(string name)
    {
        if (!_addons.TryRemove(name, out var addon)) return false;
        addon.Release();
        return true;
    }

    /// <summary>Stops serving all.</summary>
    public void Dispose()
    {
        foreach (string name in _addons.Keys) Remove(name);
    }
}
