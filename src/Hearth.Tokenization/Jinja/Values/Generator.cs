namespace Hearth.Tokenization;

/// <summary>What map, select and their kin return: can be walked once, has no length and no JSON form.</summary>
internal sealed class Generator(List<object?> items)
{
    private List<object?>? _items = items;

    public List<object?> Take()
    {
        var items = _items ?? [];
        _items = null;
        return items;
    }
}
