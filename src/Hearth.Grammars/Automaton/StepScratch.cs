namespace Hearth.Grammars;

/// <summary>One step of the automaton: from the places that a byte leads to, all places where the next byte may be read.</summary>
/// <remarks>
/// First what has read the byte: ends of rules return to their callers. Then what is called from there: rules begun at the same position share
/// one node of returns, so that the work grows with the grammar, not with the number of ways to read a text. A rule that was only begun has no end yet:
/// rules that match the empty string can be skipped by an edge of their caller.
/// </remarks>
internal sealed class StepScratch(ByteGrammar grammar, Func<Configuration[], ReturnNode> intern)
{
    private readonly Stack<Configuration> _todo = new();
    private readonly HashSet<Configuration> _seen = [];
    private readonly List<Configuration> _kernel = [], _live = [];
    private readonly SortedDictionary<int, (int Rule, HashSet<Configuration> Returns)> _calls = [];

    /// <summary>Whether the text may end here.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Places visited since the automaton was made: a measure of work.</summary>
    public long Work { get; private set; }

    /// <summary>Where <see cref="Work"/> must end.</summary>
    public long WorkLimit { get; set; } = long.MaxValue;

    /// <summary>Forgets the last step.</summary>
    public void Begin()
    {
        Clear();
        _kernel.Clear();
        IsComplete = false;
    }

    /// <summary>Adds a place that the byte leads to.</summary>
    public void Reach(Configuration place)
    {
        if (!_seen.Add(place)) return;
        if (++Work > WorkLimit) throw new TooMuchWorkException();
        _todo.Push(place);
    }

    /// <summary>The places that have read the byte and can read or call, in order.</summary>
    public Configuration[] Close()
    {
        while (_todo.TryPop(out var place))
        {
            var state = grammar.States[place.State];
            if (state.IsEnd) Return(place.Stack);
            Follow(place, state);
            if (state.Bytes.Length > 0 || state.Calls.Length > 0) _kernel.Add(place);
        }
        _kernel.Sort();
        return [.. _kernel];
    }

    /// <summary>The places where the next byte may be read.</summary>
    public Configuration[] Expand(Configuration[] kernel)
    {
        Clear();
        foreach (var place in kernel) Take(place);
        while (_calls.Count > 0)
        {
            var first = _calls.First();
            _calls.Remove(first.Key);
            Configuration[] returns = [.. first.Value.Returns];
            Array.Sort(returns, static (a, b) => a.State == Configuration.Whole || b.State == Configuration.Whole ? a.State.CompareTo(b.State) : a.CompareTo(b));
            Reach(new(grammar.RuleStarts[first.Value.Rule], 0, intern(returns)));
            while (_todo.TryPop(out var place))
            {
                Follow(place, grammar.States[place.State]);
                Take(place);
            }
        }
        return [.. _live];
    }

    // A step that was given up may have left anything.
    private void Clear()
    {
        _todo.Clear();
        _seen.Clear();
        _calls.Clear();
        _live.Clear();
    }

    private void Return(ReturnNode node)
    {
        foreach (var frame in node.Frames)
        {
            if (frame.State == Configuration.Whole) IsComplete = true;
            else Reach(frame);
        }
    }

    private void Follow(Configuration place, RuleState state)
    {
        foreach (var edge in state.Free)
        {
            if (edge.Step == CountStep.None) Reach(place with { State = edge.Target });
            else if (edge.Step == CountStep.Leave)
            {
                if (place.Count >= grammar.Loops[edge.Loop].Min) Reach(place with { State = edge.Target, Count = 0 });
            }
            else if (grammar.Loops[edge.Loop].Next(place.Count) is { } next) Reach(place with { State = edge.Target, Count = next });
        }
    }

    private void Take(Configuration place)
    {
        var state = grammar.States[place.State];
        if (state.Bytes.Length > 0) _live.Add(place);
        foreach (var call in state.Calls)
        {
            int order = grammar.RuleOrder[call.Rule];
            if (!_calls.TryGetValue(order, out var entry)) _calls[order] = entry = (call.Rule, []);
            Work++;
            if (!call.IsTail) entry.Returns.Add(new(call.Return, place.Count, place.Stack));
            else foreach (var frame in place.Stack.Frames) entry.Returns.Add(frame);
        }
    }
}

/// <summary>A step or mask takes more work than a text is worth.</summary>
internal sealed class TooMuchWorkException : Exception;
