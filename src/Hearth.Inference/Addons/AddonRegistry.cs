using Hearth.Models;

namespace Hearth.Inference;

/// <summary>
/// The addons that an engine may serve, by name: many are known, those in use are in memory. The first request for one loads it; what nobody has used for longest makes
/// room within the budget, never what is in use. Replacing one is atomic: a request has the old adapter or the new one, all the way.
/// </summary>
public sealed class AddonRegistry : IDisposable
{
    private readonly Func<AddonSource, AdapterWeights> _load;
    private readonly long _budget;
    private readonly object _gate = new();
    private readonly Dictionary<string, Entry> _known = new(StringComparer.Ordinal); // under the gate, as all below
    private readonly AddonContents _contents = new();
    private TaskCompletionSource _changed = NewSignal();
    private long _reserved, _uses;
    private bool _disposed;

    /// <param name="load">Reads an addon's folder.</param>
    /// <param name="budget">Bytes that loaded addons may take together; one that is alone larger is refused.</param>
    public AddonRegistry(Func<AddonSource, AdapterWeights> load, long budget = long.MaxValue)
    {
        _load = load;
        _budget = budget;
    }

    /// <summary>What is known, in order of names.</summary>
    public IReadOnlyList<AddonSource> Known
    {
        get
        {
            lock (_gate) return [.. _known.Values.Select(entry => entry.Source).OrderBy(source => source.Name, StringComparer.Ordinal)];
        }
    }

    /// <summary>Names of the addons in memory, in order.</summary>
    public IReadOnlyList<string> Resident
    {
        get
        {
            lock (_gate) return [.. _known.Values.Where(entry => entry.Addon is not null).Select(entry => entry.Source.Name).Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Bytes that loaded addons take, those included that are removed but in use.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate) return _contents.Bytes;
        }
    }

    /// <summary>Makes an addon known, in place of another version under its name. It is loaded by the first request.</summary>
    public void Set(AddonSource source)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_known.TryGetValue(source.Name, out var entry) && entry.Source == source) return;
            _known[source.Name] = new Entry(source);
            entry?.Drop();
        }
    }

    /// <summary>Forgets an addon; running requests keep it.</summary>
    public bool Remove(string name)
    {
        lock (_gate)
        {
            if (!_known.Remove(name, out var entry)) return false;
            entry.Drop();
            return true;
        }
    }

    /// <summary>Whether requests may name it.</summary>
    public bool Knows(string name)
    {
        lock (_gate) return _known.ContainsKey(name);
    }

    /// <summary>An addon in memory, loaded once for all who ask meanwhile. Where everything in memory is in use, this waits for room.</summary>
    /// <exception cref="KeyNotFoundException">Nobody made it known.</exception>
    /// <exception cref="AddonLoadException">It could not be loaded; the next request tries again.</exception>
    public async ValueTask<AddonLease> AcquireAsync(string name, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Task wait;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (!_known.TryGetValue(name, out var entry)) throw new KeyNotFoundException($"The addon '{name}' is not known. Load it first.");
                entry.LastUse = ++_uses;
                if (entry.Addon is { } addon && addon.TryHold()) return new AddonLease(addon, entry.Source.Version);
                wait = entry.Loading ??= Task.Run(() => LoadAsync(entry), CancellationToken.None);
            }
            await wait.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Forgets all; running requests keep theirs.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach (var entry in _known.Values) entry.Drop();
            _known.Clear();
            Signal();
        }
    }

    private async Task LoadAsync(Entry entry)
    {
        long reserved = 0;
        AdapterWeights? loaded = null;
        try
        {
            long room = entry.Bytes ?? AdapterWeights.EstimateBytes(entry.Source.Folder);
            if (!await ReserveAsync(entry, room).ConfigureAwait(false)) return;
            reserved = room;
            loaded = _load(entry.Source);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            throw new AddonLoadException(entry.Source.Name, fault);
        }
        finally
        {
            lock (_gate)
            {
                _reserved -= reserved;
                entry.Loading = null;
                if (loaded is not null) Keep(entry, loaded);
                Signal();
            }
        }
    }

    /// <summary>Sets memory aside, evicting what nobody uses. False: nobody wants the addon any more.</summary>
    private async Task<bool> ReserveAsync(Entry entry, long bytes)
    {
        if (bytes > _budget) throw new InvalidDataException($"it takes {bytes} bytes, and all adapters in memory together may take {_budget}; raise the limit");
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (!IsCurrent(entry)) return false;
                Evict(bytes);
                if (Fits(bytes))
                {
                    _reserved += bytes;
                    return true;
                }
                changed = _changed.Task;
            }
            await changed.ConfigureAwait(false);
        }
    }

    private void Evict(long wanted)
    {
        while (!Fits(wanted) && LeastRecentlyUsed() is { } victim) victim.Drop();
    }

    private bool Fits(long wanted) => _contents.Bytes + _reserved + wanted <= _budget;

    private Entry? LeastRecentlyUsed() => _known.Values.Where(entry => entry.Addon is { IsInUse: false }).MinBy(entry => entry.LastUse);

    private bool IsCurrent(Entry entry) => !_disposed && _known.TryGetValue(entry.Source.Name, out var current) && current == entry;

    private void Keep(Entry entry, AdapterWeights loaded)
    {
        entry.Bytes = loaded.Bytes;
        Evict(loaded.Bytes);
        // Laid out, it may take more than its files say and than there is: whoever wants it asks again, for as much as it really takes.
        if (!IsCurrent(entry) || !Fits(loaded.Bytes))
        {
            loaded.Dispose();
            return;
        }
        var weights = _contents.Share(loaded);
        entry.Addon = new Addon(entry.Source.Name, weights, _ => Signal(), () => Free(weights.Hash));
    }

    private void Free(string hash)
    {
        lock (_gate)
        {
            _contents.Leave(hash);
            Signal();
        }
    }

    /// <summary>Wakes loads that wait for room.</summary>
    private void Signal()
    {
        lock (_gate)
        {
            _changed.SetResult();
            _changed = NewSignal();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Entry(AddonSource source)
    {
        public AddonSource Source { get; } = source;

        public Addon? Addon { get; set; }

        public Task? Loading { get; set; }

        public long LastUse { get; set; }

        /// <summary>What it takes in memory, once that is known.</summary>
        public long? Bytes { get; set; }

        /// <summary>Gives up the registry's hold.</summary>
        public void Drop()
        {
            var addon = Addon;
            Addon = null;
            addon?.Release();
        }
    }
}

/// <summary>An addon's files could not be loaded; the message says why.</summary>
public sealed class AddonLoadException(string name, Exception cause) : Exception($"The adapter {name} could not be loaded: {cause.Message}", cause);
