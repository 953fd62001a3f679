namespace Hearth.Tokenization;

/// <summary>The variable "loop" of a for block.</summary>
internal sealed class LoopContext(List<object?> items, int depth, Func<Frame, object?, object?>? recurse) : JinjaObject
{
    private object?[]? _lastChanged;

    public int Index { get; set; }

    public int Depth => depth;

    public override bool TryGetAttribute(Frame frame, string name, out object? value)
    {
        value = name switch
        {
            "index" => Index + 1L,
            "index0" => (long)Index,
            "revindex" => (long)items.Count - Index,
            "revindex0" => (long)items.Count - Index - 1,
            "first" => Index == 0,
            "last" => Index == items.Count - 1,
            "length" => (long)items.Count,
            "depth" => (long)depth,
            "depth0" => depth - 1L,
            "previtem" => Index > 0 ? items[Index - 1] : new Undefined("there is no previous item"),
            "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new Undefined("there is no next item"),
            "cycle" => new JinjaFunction("cycle", (_, arguments) => Cycle(arguments)),
            "changed" => new JinjaFunction("changed", (caller, arguments) => HasChanged(caller, arguments)),
            _ => this,
        };
        return !ReferenceEquals(value, this);
    }

    /// <summary>loop(items): the block again, one level down.</summary>
    public object? Recurse(Frame frame, Arguments arguments) => recurse is null
        ? throw ChatTemplateException.Runtime("the loop is not recursive; write {% for ... recursive %}.")
        : recurse(frame, arguments.Required(0, "iterable"));

    private object? Cycle(Arguments arguments) => arguments.Positional.Count > 0
        ? arguments.Positional[Index % arguments.Positional.Count]
        : throw ChatTemplateException.Runtime("no items for cycling given");

    private bool HasChanged(Frame frame, Arguments arguments)
    {
        var current = arguments.Positional.ToArray();
        var same = _lastChanged is { } last && last.Length == current.Length
            && last.Zip(current).All(pair => PythonValue.AreEqual(frame.State.Budget, pair.First, pair.Second));
        _lastChanged = current;
        return !same;
    }
}
