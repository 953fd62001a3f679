using Hearth.Models;

namespace Hearth.Inference;

/// <summary>Loaded adapters by the hash of their content: addons of one content share its memory, whatever their names. Not thread-safe.</summary>
internal sealed class AddonContents
{
    private readonly Dictionary<string, (AdapterWeights Weights, int Users)> _byHash = new(StringComparer.Ordinal);

    /// <summary>Memory held, each content counted once.</summary>
    public long Bytes { get; private set; }

    /// <summary>Adds a user. Where the content is there already, its memory is used and <paramref name="loaded"/> is freed.</summary>
    public AdapterWeights Share(AdapterWeights loaded)
    {
        if (_byHash.TryGetValue(loaded.Hash, out var known))
        {
            _byHash[loaded.Hash] = (known.Weights, known.Users + 1);
            loaded.Dispose();
            return known.Weights;
        }
        _byHash.Add(loaded.Hash, (loaded, 1));
        Bytes += loaded.Bytes;
        return loaded;
    }

    /// <summary>Takes a user away; the last one frees the memory.</summary>
    public void Leave(string hash)
    {
        var (weights, users) = _byHash[hash];
        if (users > 1)
        {
            _byHash[hash] = (weights, users - 1);
            return;
        }
        _byHash.Remove(hash);
        Bytes -= weights.Bytes;
        weights.Dispose();
    }
}
