namespace Hearth.Tokenization;

/// <summary>A Python list or tuple. Templates cannot change one, so slices may share nothing and copies are cheap to reason about.</summary>
internal sealed class JinjaList(List<object?> items, bool isTuple = false)
{
    public List<object?> Items { get; } = items;

    public bool IsTuple { get; } = isTuple;

    public static JinjaList Tuple(params object?[] items) => new([.. items], isTuple: true);
}
