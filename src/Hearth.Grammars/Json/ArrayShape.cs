using System.Text.Json;

namespace Hearth.Grammars;

/// <summary>The items that a list of schemas, all of which hold, allows in an array.</summary>
/// <remarks>Where the first items are listed and nothing is said of others, there are no others.</remarks>
internal sealed class ArrayShape
{
    private readonly SchemaDocument _document;
    private readonly List<(List<Schema> First, Schema? Others, bool IsClosed)> _lists = [];

    public ArrayShape(SchemaDocument document, IReadOnlyList<Schema> schemas)
    {
        _document = document;
        foreach (var schema in schemas) _lists.Add(Read(schema));
        Listed = _lists.Max(list => list.First.Count);
        if (_lists.Any(list => list.IsClosed)) Most = _lists.Where(list => list.IsClosed).Min(list => list.First.Count);
    }

    /// <summary>Places that may have schemas of their own.</summary>
    public int Listed { get; }

    /// <summary>Most items; null: no bound.</summary>
    public int? Most { get; }

    /// <summary>What must hold for an item; null: there is no such item.</summary>
    public List<Schema>? ItemAt(int index) =>
        index >= Most ? null : [.. _lists.Select(list => index < list.First.Count ? list.First[index] : list.Others).OfType<Schema>()];

    private (List<Schema>, Schema?, bool) Read(Schema schema)
    {
        // Older drafts list the first items in items itself, and the rest in additionalItems.
        var items = schema["items"];
        bool isOld = items is { ValueKind: JsonValueKind.Array };
        string listKeyword = isOld ? "items" : "prefixItems", restKeyword = isOld ? "additionalItems" : "items";
        var first = new List<Schema>();
        if (schema[listKeyword] is { } list)
        {
            if (list.ValueKind != JsonValueKind.Array) throw schema.Fault(listKeyword, "must be a list of schemas.");
            first.AddRange(list.EnumerateArray().Select((item, i) => _document.Child(schema, item, listKeyword, $"{i}")));
        }
        var rest = schema[restKeyword] is { } json ? _document.Child(schema, json, restKeyword) : null;
        bool isClosed = rest is { Json.ValueKind: JsonValueKind.False } || (rest is null && schema[listKeyword] is not null);
        return (first, isClosed ? null : rest, isClosed);
    }
}
