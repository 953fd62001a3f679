using System.Diagnostics.CodeAnalysis;

namespace Hearth.Models;

/// <summary>The key-value part of a GGUF file, with getters that name the key and the type they want.</summary>
public sealed class GgufMetadata
{
    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);
    private readonly List<string> _keys = [];

    /// <summary>Keys in the order of the file.</summary>
    public IReadOnlyList<string> Keys => _keys;

    /// <summary>Whether the key is there.</summary>
    public bool Contains(string key) => _values.ContainsKey(key);

    /// <summary>The value as stored: a number, <see cref="bool"/>, <see cref="string"/>, or an array of one of them.</summary>
    public bool TryGet(string key, [NotNullWhen(true)] out object? value) => _values.TryGetValue(key, out value);

    /// <summary>A text.</summary>
    /// <exception cref="InvalidDataException">The key is missing or not a string.</exception>
    public string Text(string key) => FindText(key) ?? throw Missing(key);

    /// <summary>A text, or null where the key is missing.</summary>
    public string? FindText(string key) => Find<string>(key, "a string");

    /// <summary>A whole number of any width that fits 0..2^31-1.</summary>
    public int Count(string key) => FindCount(key) ?? throw Missing(key);

    /// <summary>A whole number of any width that fits 0..2^31-1, or null where the key is missing. Larger ones become 2^31-1 where <paramref name="saturate"/>.</summary>
    public int? FindCount(string key, bool saturate = false)
    {
        if (!_values.TryGetValue(key, out var value)) return null;
        var number = Whole(value) ?? throw Wrong(key, "a whole number", value);
        if (number > int.MaxValue && saturate) return int.MaxValue;
        return number >= 0 && number <= int.MaxValue ? (int)number : throw new InvalidDataException($"GGUF key '{key}' is {number}, which is not in 0..{int.MaxValue}.");
    }

    /// <summary>A floating-point number.</summary>
    public double Number(string key) => FindNumber(key) ?? throw Missing(key);

    /// <summary>A floating-point number, or null where the key is missing.</summary>
    public double? FindNumber(string key) => !_values.TryGetValue(key, out var value) ? null : value switch
    {
        float number => number,
        double number => number,
        _ => throw Wrong(key, "a floating-point number", value),
    };

    /// <summary>True or false, or null where the key is missing.</summary>
    public bool? FindFlag(string key) => !_values.TryGetValue(key, out var value) ? null : value as bool? ?? throw Wrong(key, "a bool", value);

    /// <summary>An array of texts, or null where the key is missing.</summary>
    public IReadOnlyList<string>? FindTexts(string key) => Find<GgufTexts>(key, "an array of strings");

    /// <summary>An array of float32, or null where the key is missing.</summary>
    public float[]? FindFloats(string key) => Find<float[]>(key, "an array of float32");

    /// <summary>An array of int32, or null where the key is missing. uint32 is taken too.</summary>
    public int[]? FindIntegers(string key) => _values.TryGetValue(key, out var value) && value is uint[] unsigned
        ? Array.ConvertAll(unsigned, number => checked((int)number))
        : Find<int[]>(key, "an array of int32");

    internal bool TryAdd(string key, object value)
    {
        if (!_values.TryAdd(key, value)) return false;
        _keys.Add(key);
        return true;
    }

    private T? Find<T>(string key, string wanted) where T : class =>
        !_values.TryGetValue(key, out var value) ? null : IsExactly<T>(value) ? (T)value : throw Wrong(key, wanted, value);

    // The runtime lets uint[] pass as int[]; the file's type must not.
    private static bool IsExactly<T>(object value) => value.GetType() == typeof(T);

    private static Int128? Whole(object value) => value switch
    {
        byte number => number,
        sbyte number => number,
        ushort number => number,
        short number => number,
        uint number => number,
        int number => number,
        ulong number => number,
        long number => number,
        _ => null,
    };

    private static InvalidDataException Missing(string key) => new($"The GGUF file has no key '{key}'. It is not complete, or not a language model.");

    private static InvalidDataException Wrong(string key, string wanted, object value) => new($"GGUF key '{key}' is a value of type {value.GetType().Name}, it must be {wanted}.");
}
