using System.Text;

namespace Hearth.Tokenization;

/// <summary>One rendering: where text goes, what it may cost, what time it is.</summary>
internal sealed class RenderState(RenderBudget budget, DateTime now)
{
    private readonly StringBuilder _root = new();
    private readonly Stack<StringBuilder> _captures = new();
    private readonly List<(int Start, int End)> _generations = [];

    public RenderBudget Budget { get; } = budget;

    public DateTime Now { get; } = now;

    /// <summary>Inside {% autoescape true %}.</summary>
    public bool Escapes { get; set; }

    public string Text => _root.ToString();

    /// <summary>Unit ranges written by {% generation %} blocks.</summary>
    public IReadOnlyList<(int Start, int End)> Generations => _generations;

    public void Write(string text)
    {
        Budget.Allocate(text.Length);
        (_captures.Count > 0 ? _captures.Peek() : _root).Append(text);
    }

    /// <summary>Runs a body and returns what it writes instead of writing it.</summary>
    public string Capture(Action body)
    {
        _captures.Push(new StringBuilder());
        try
        {
            body();
            return _captures.Peek().ToString();
        }
        finally
        {
            _captures.Pop();
        }
    }

    /// <summary>Writes a generated part. Inside a capture its place is unknown until then: the root's end stands for it.</summary>
    public void WriteGeneration(string text)
    {
        _generations.Add((_root.Length, _root.Length + text.Length));
        Write(text);
    }
}
