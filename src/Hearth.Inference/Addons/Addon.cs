using Hearth.Models;

namespace Hearth.Inference;

/// <summary>
/// An adapter as something served on a base model. Requests hold it while they run: an addon that is replaced, removed or evicted stays in memory until the last of
/// them has ended.
/// </summary>
public sealed class Addon
{
    private readonly Action<Addon>? _onIdle;
    private readonly Action? _free;
    private int _holders = 1; // whoever made it

    /// <summary>Serves an adapter under a name and owns it.</summary>
    public Addon(string name, AdapterWeights adapter) : this(name, adapter, null, adapter.Dispose)
    {
    }

    /// <param name="name">The name that requests use.</param>
    /// <param name="adapter">The matrices.</param>
    /// <param name="onIdle">Called when all holds but the maker's are given up.</param>
    /// <param name="free">Called when all are.</param>
    internal Addon(string name, AdapterWeights adapter, Action<Addon>? onIdle, Action free) : this(name, adapter.Hash) =>
        (Adapter, _onIdle, _free) = (adapter, onIdle, free);

    internal Addon(string name, string hash)
    {
        Name = name;
        Hash = hash;
    }

    /// <summary>The name that requests use.</summary>
    public string Name { get; }

    /// <summary>SHA-256 of the adapter's content: part of every prefix hash, so that a replaced adapter never meets old values.</summary>
    public string Hash { get; }

    /// <summary>The matrices.</summary>
    public AdapterWeights? Adapter { get; }

    /// <summary>Whether anybody but the maker holds it.</summary>
    internal bool IsInUse => Volatile.Read(ref _holders) > 1;

    /// <summary>Loads an adapter in PEFT's format.</summary>
    /// <exception cref="InvalidDataException">The adapter does not fit the model.</exception>
    /// <exception cref="NotSupportedException">The adapter uses something that is not supported.</exception>
    public static Addon Load(string name, string folder, ModelConfiguration configuration) => new(name, AdapterWeights.Load(folder, configuration));

    /// <summary>Gives up a hold; the memory is freed with the last one.</summary>
    public void Release()
    {
        int left = Interlocked.Decrement(ref _holders);
        if (left == 1) _onIdle?.Invoke(this);
        else if (left == 0) _free?.Invoke();
        else if (left < 0) throw new InvalidOperationException($"Addon '{Name}' was released more often than held.");
    }

    /// <summary>Adds a hold. False: it is freed already.</summary>
    internal bool TryHold()
    {
        for (int holders = Volatile.Read(ref _holders); holders > 0;)
        {
            int seen = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (seen == holders) return true;
            holders = seen;
        }
        return false;
    }
}
