using System.Text.Json;

namespace Hearth.Models;

/// <summary>Reads a flat JSON object key by key and remembers which keys were read, so that none is overlooked.</summary>
internal sealed class ConfigurationReader(string file, JsonElement json)
{
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    /// <summary>The value, unless the key is missing or null.</summary>
    public JsonElement? Find(string key)
    {
        _read.Add(key);
        return json.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    /// <summary>Whether the key is written, be it as null.</summary>
    public bool IsWritten(string key) => json.TryGetProperty(key, out _);

    public int Integer(string key) => FindInteger(key) ?? throw Missing(key);

    public int? FindInteger(string key) => Find(key) is { } value ? ToInteger(key, value) : null;

    public double Number(string key) => FindNumber(key) ?? throw Missing(key);

    public double? FindNumber(string key) => Find(key) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) ? number
        : throw Wrong(key, "a finite number");

    public bool Flag(string key, bool otherwise) => Find(key) is not { } value ? otherwise
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(key, "true or false");

    public string Text(string key) => FindText(key) ?? throw Missing(key);

    public string? FindText(string key) => Find(key) is { } value ? ToText(key, value) : null;

    public string[]? FindTexts(string key) => Find(key) is { } value ? [.. Elements(key, value).Select(element => ToText(key, element))] : null;

    /// <summary>A whole number or a list of them; empty where the key is missing.</summary>
    public int[] Integers(string key) => Find(key) is not { } value ? []
        : value.ValueKind == JsonValueKind.Array ? [.. Elements(key, value).Select(element => ToInteger(key, element))]
        : [ToInteger(key, value)];

    /// <summary>An object within, with a reader of its own.</summary>
    public ConfigurationReader? FindObject(string key) => Find(key) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new ConfigurationReader($"{file}: {key}", value)
        : throw Wrong(key, "an object");

    /// <summary>Keys and numbers of an object within, in the order of the file; empty where the key is missing.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> Numbers(string key)
    {
        if (FindObject(key) is not { } inner) return [];
        return [.. inner.Keys().Select(name => KeyValuePair.Create(name, inner.Number(name)))];
    }

    /// <summary>Marks keys that have no effect here.</summary>
    public void Ignore(IEnumerable<string> keys) => _read.UnionWith(keys);

    /// <summary>Refuses a value other than the one supported; a missing key is fine.</summary>
    public void MustBe(string key, bool supported)
    {
        if (Flag(key, supported) != supported) throw NotSupported(key, supported ? "true" : "false");
    }

    /// <summary>Refuses a value other than the one supported; a missing key is fine.</summary>
    public void MustBe(string key, string supported)
    {
        if ((FindText(key) ?? supported) != supported) throw NotSupported(key, $"'{supported}'");
    }

    /// <summary>Refuses a value other than the one supported; a missing key is fine.</summary>
    public void MustBe(string key, double supported)
    {
        if ((FindNumber(key) ?? supported) != supported) throw NotSupported(key, FormattableString.Invariant($"{supported}"));
    }

    /// <summary>Refuses what these keys switch on: only null, false, {} and [] are taken.</summary>
    public void MustBeUnset(IReadOnlyDictionary<string, string> features)
    {
        foreach (var (key, feature) in features)
            if (Find(key) is { } value && !IsEmpty(value))
                throw new NotSupportedException($"{file} sets '{key}' to {Shorten(value)} ({feature}), which is not supported. Use an adapter or model without it.");
    }

    /// <summary>Refuses keys that were neither read nor ignored. A null says nothing.</summary>
    public void RefuseOthers()
    {
        foreach (var property in json.EnumerateObject())
            if (!_read.Contains(property.Name) && property.Value.ValueKind != JsonValueKind.Null)
                throw new NotSupportedException($"{file} sets '{property.Name}' to {Shorten(property.Value)}, a key that is not known here and so not supported. If it changes what is computed, the model cannot be run; if it does not, take it out of the file.");
    }

    public InvalidDataException Fault(string what) => new($"{file} {what}.");

    public NotSupportedException NotSupported(string key, string supported) =>
        new($"{file} sets '{key}' to {Shorten(json.GetProperty(key))}, which is not supported; supported is {supported}. Use a model that has it so.");

    private IEnumerable<string> Keys() => json.EnumerateObject().Select(property => property.Name);

    private IEnumerable<JsonElement> Elements(string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw Wrong(key, "a list");

    private int ToInteger(string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : throw Wrong(key, "a whole number of 32 bits");

    private string ToText(string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(key, "a string");

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False => true,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };

    private static string Shorten(JsonElement value) => value.GetRawText() is { Length: > 60 } text ? text[..60] + "…" : value.GetRawText();

    private InvalidDataException Missing(string key) => Fault($"has no '{key}'");

    private InvalidDataException Wrong(string key, string wanted) => Fault($"has a '{key}' of {Shorten(json.GetProperty(key))}; it must be {wanted}");
}
