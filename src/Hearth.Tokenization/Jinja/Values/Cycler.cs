namespace Hearth.Tokenization;

/// <summary>cycler('a', 'b'): next() gives its values in turn.</summary>
internal sealed class Cycler(IReadOnlyList<object?> items) : JinjaObject
{
    private int _position;

    public override bool TryGetAttribute(Frame frame, string name, out object? value)
    {
        value = name switch
        {
            "current" => items[_position],
            "next" => new JinjaFunction("next", (_, _) => Next()),
            "reset" => new JinjaFunction("reset", (_, _) => _position = 0),
            _ => this,
        };
        return !ReferenceEquals(value, this);
    }

    private object? Next()
    {
        var current = items[_position];
        _position = (_position + 1) % items.Count;
        return current;
    }
}
