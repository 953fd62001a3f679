namespace Hearth.Grammars;

/// <summary>Makes automata of regular expressions: Thompson's construction, empty edges then closed away.</summary>
internal sealed class RegexCompiler
{
    private const int MostStates = 50_000;

    // What a state does without reading: goes on, or only at the string's beginning or end.
    private enum Empty { Always, AtBeginning, AtEnd }

    // What has been read: nothing, something, and nothing more may be.
    private enum Reading { Nothing, Something, Finished }

    private readonly List<List<(CodePointSet Set, int Target)>> _edges = [];
    private readonly List<List<(Empty Kind, int Target)>> _free = [];

    private RegexCompiler() { }

    /// <summary>The strings in which an expression finds something, as JSON Schema's pattern means it: unanchored unless it says so.</summary>
    /// <exception cref="GrammarException">The expression cannot be read or is too large.</exception>
    public static CharacterAutomaton Compile(string pattern)
    {
        var compiler = new RegexCompiler();
        int start = compiler.NewState(), end = compiler.NewState();
        compiler._edges[start].Add((CodePointSet.All, start));
        compiler._edges[end].Add((CodePointSet.All, end));
        int first = compiler.NewState();
        compiler._free[start].Add((Empty.Always, first));
        compiler.Draw(RegexParser.Parse(pattern), first, end);
        return CharacterAutomaton.Explore((start, Reading.Nothing), compiler.EdgesOf, state => compiler.Closure(state).Any(reached => reached.State == end));
    }

    private int NewState()
    {
        if (_edges.Count == MostStates) throw new GrammarException($"it is too large: its counts need more than {MostStates} states. Use smaller counts, or minLength and maxLength.");
        _edges.Add([]);
        _free.Add([]);
        return _edges.Count - 1;
    }

    private void Draw(RegexSyntax syntax, int from, int to)
    {
        switch (syntax)
        {
            case RegexSyntax.Set set:
                _edges[from].Add((set.Characters, to));
                break;
            case RegexSyntax.Anchor anchor:
                _free[from].Add((anchor.IsEnd ? Empty.AtEnd : Empty.AtBeginning, to));
                break;
            case RegexSyntax.Choice choice:
                foreach (var option in choice.Options) Draw(option, from, to);
                break;
            case RegexSyntax.Sequence sequence:
                foreach (var part in sequence.Parts) from = Drawn(part, from);
                Skip(from, to);
                break;
            case RegexSyntax.Repeat repeat:
                DrawRepeat(repeat, from, to);
                break;
        }
    }

    private void DrawRepeat(RegexSyntax.Repeat repeat, int from, int to)
    {
        for (int i = 0; i < repeat.Min; i++) from = Drawn(repeat.Body, from);
        if (repeat.Max is { } max)
        {
            for (int i = repeat.Min; i < max; i++)
            {
                Skip(from, to);
                from = Drawn(repeat.Body, from);
            }
            Skip(from, to);
            return;
        }
        int head = NewState();
        Skip(from, head);
        Draw(repeat.Body, head, head);
        Skip(head, to);
    }

    private int Drawn(RegexSyntax syntax, int from)
    {
        int to = NewState();
        Draw(syntax, from, to);
        return to;
    }

    private void Skip(int from, int to) => _free[from].Add((Empty.Always, to));

    private IEnumerable<(CodePointSet, (int, Reading))> EdgesOf((int State, Reading) start) =>
        from reached in Closure(start)
        where reached.Reading != Reading.Finished
        from edge in _edges[reached.State]
        select (edge.Set, (edge.Target, Reading.Something));

    private HashSet<(int State, Reading Reading)> Closure((int, Reading) start)
    {
        var reached = new HashSet<(int State, Reading Reading)>();
        var todo = new Stack<(int, Reading)>([start]);
        while (todo.TryPop(out var next))
        {
            if (!reached.Add(next)) continue;
            var (state, reading) = next;
            foreach (var (kind, target) in _free[state])
            {
                if (kind == Empty.AtBeginning && reading != Reading.Nothing) continue;
                todo.Push((target, kind == Empty.AtEnd ? Reading.Finished : reading));
            }
        }
        return reached;
    }
}
