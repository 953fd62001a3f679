using System.Numerics;

namespace Hearth.Tokenization;

/// <summary>A Python dict: keeps insertion order, and 1, 1.0 and True are one key.</summary>
internal sealed class JinjaDict
{
    private static readonly object NoneKey = new();
    private readonly Dictionary<object, int> _index = [];
    private readonly List<KeyValuePair<object?, object?>> _entries = [];

    public IReadOnlyList<KeyValuePair<object?, object?>> Entries => _entries;

    public int Count => _entries.Count;

    /// <summary>Adds a value or replaces the one under an equal key, which keeps its spelling and its place.</summary>
    public void Set(object? key, object? value)
    {
        var normal = Normalize(key);
        if (_index.TryGetValue(normal, out var at)) _entries[at] = new(_entries[at].Key, value);
        else
        {
            _index.Add(normal, _entries.Count);
            _entries.Add(new(key, value));
        }
    }

    public bool TryGet(object? key, out object? value)
    {
        var found = _index.TryGetValue(Normalize(key), out var at);
        value = found ? _entries[at].Value : null;
        return found;
    }

    private static object Normalize(object? key) => key switch
    {
        null => NoneKey,
        bool flag => flag ? 1L : 0L,
        double number when number == Math.Floor(number) && Math.Abs(number) < 1e18 => (long)number,
        string or long or double or BigInteger => key,
        Markup markup => markup.Text,
        _ => throw ChatTemplateException.Runtime($"unhashable type: '{PythonText.TypeName(key)}'"),
    };
}
