namespace Hearth.Grammars;

/// <summary>Collects rules and makes a grammar of them.</summary>
public sealed class GrammarBuilder
{
    private readonly int _maxStates;
    private readonly List<DraftState> _states = [];
    private readonly List<CountedLoop> _loops = [];
    private readonly List<RuleBuilder?> _rules = [];
    private int _sharedStates;

    /// <summary>A builder without any rule.</summary>
    /// <param name="maxStates">More states than these are refused.</param>
    public GrammarBuilder(int maxStates = GrammarLimits.DefaultStates) => _maxStates = maxStates;

    /// <summary>Counted loops as (first state of the body, head).</summary>
    internal List<(int First, int Head)> LoopBodies { get; } = [];

    /// <summary>States to which every turn of a loop comes back.</summary>
    internal List<int> LoopHeads { get; } = [];

    /// <summary>Makes room for a rule, so that others can call it before it is defined.</summary>
    public int Declare()
    {
        _rules.Add(null);
        return _rules.Count - 1;
    }

    /// <summary>Draws a declared rule.</summary>
    public RuleBuilder Define(int rule) => _rules[rule] = new RuleBuilder(this);

    /// <summary>Declares and defines a rule by an expression.</summary>
    public int Add(GrammarExpression expression)
    {
        int rule = Declare();
        Define(rule, expression);
        return rule;
    }

    /// <summary>Defines a declared rule by an expression.</summary>
    public void Define(int rule, GrammarExpression expression)
    {
        var builder = Define(rule);
        builder.Read(builder.Start, expression, builder.End);
    }

    /// <summary>Makes the grammar.</summary>
    /// <param name="root">The rule that a whole text matches.</param>
    /// <exception cref="GrammarException">Nothing finite matches, a rule calls itself without reading first, or there are too many states.</exception>
    public ByteGrammar Build(int root)
    {
        int start = NewState(-1), end = NewState(-1);
        State(start).Calls.Add(new(root, end));
        State(end).IsEnd = true;
        foreach (var rule in _rules) State(rule?.End ?? throw new InvalidOperationException("A rule is declared but not defined.")).IsEnd = true;
        return new GrammarAssembly(_states, [.. _loops], [.. _rules.Select(rule => rule!.Start)], LoopBodies).Assemble(start, _sharedStates, LoopHeads);
    }

    /// <summary>All states so far are the same in every builder that begins like this one.</summary>
    internal void EndShared() => _sharedStates = _states.Count;

    internal DraftState State(int index) => _states[index];

    internal int NewState(int loop)
    {
        if (_states.Count == _maxStates) throw new GrammarException($"The grammar has more than {_maxStates} states. Make it smaller: fewer properties, shorter enumerations, patterns with smaller counts.");
        _states.Add(new(loop));
        return _states.Count - 1;
    }

    internal int NewLoop(int min, int? max)
    {
        _loops.Add(new(min, max));
        return _loops.Count - 1;
    }
}

/// <summary>A state while it is drawn.</summary>
internal sealed class DraftState(int loop)
{
    public int Loop { get; } = loop;

    public bool IsEnd { get; set; }

    public List<ByteEdge> Bytes { get; } = new(1);

    public List<FreeEdge> Free { get; } = new(1);

    public List<CallEdge> Calls { get; } = new(1);
}

/// <summary>Sizes beyond which a grammar is refused.</summary>
public static class GrammarLimits
{
    /// <summary>Most states of a grammar.</summary>
    public const int DefaultStates = 200_000;
}
