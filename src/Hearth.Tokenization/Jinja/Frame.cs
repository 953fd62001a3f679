namespace Hearth.Tokenization;

/// <summary>Variables of one scope. A name not set here is looked for in the scope around it.</summary>
internal sealed class Frame(RenderState state, Frame? outer)
{
    // A scope has few names and a loop makes many scopes: an array is smaller and faster than a dictionary.
    private (string Name, object? Value)[] _variables = [];
    private int _count;

    public RenderState State { get; } = state;

    private Frame? Outer { get; } = outer;

    public void Set(string name, object? value)
    {
        var at = IndexOf(name);
        if (at < 0)
        {
            if (_count == _variables.Length) Array.Resize(ref _variables, Math.Max(2, _count * 2));
            at = _count++;
        }

        _variables[at] = (name, value);
    }

    public bool TryGet(string name, out object? value)
    {
        for (var frame = this; frame is not null; frame = frame.Outer)
        {
            var at = frame.IndexOf(name);
            if (at < 0) continue;
            value = frame._variables[at].Value;
            return true;
        }

        value = null;
        return false;
    }

    public Frame Inner() => new(State, this);

    private int IndexOf(string name)
    {
        for (var i = 0; i < _count; i++)
            if (_variables[i].Name == name) return i;
        return -1;
    }
}
