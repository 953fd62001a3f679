namespace Hearth.Grammars;

/// <summary>
/// Makes drawn rules ready to run: drops what leads nowhere, lets calls of rules that match the empty string be skipped, puts rules that call one another at one
/// position in an order, finds tail calls.
/// </summary>
internal sealed class GrammarAssembly(List<DraftState> states, CountedLoop[] loops, int[] ruleStarts, List<(int First, int Head)> loopBodies)
{
    private readonly List<int>[] _sources = [.. Enumerable.Range(0, states.Count).Select(_ => new List<int>())]; // by the state that an edge leads to
    private readonly bool[] _endsEmpty = new bool[states.Count]; // reaches the rule's end without reading
    private readonly bool[] _ends = new bool[states.Count]; // reaches it

    public ByteGrammar Assemble(int root, int sharedStates, List<int> loopHeads)
    {
        FindEnds();
        if (!_ends[root]) throw new GrammarException("Nothing finite matches: every way leads back to itself. Give a recursive part an alternative that ends, such as null or an optional property.", "");
        FindEmpty();
        foreach (var (first, head) in loopBodies)
            if (ReachesUnread(first, head)) throw new GrammarException("A counted repetition repeats something that may be empty.");
        int[] order = OrderRules();
        return new(Compile(), loops, ruleStarts, order, root, sharedStates) { LoopHeads = [.. loopHeads.Where(head => _ends[head])] };
    }

    // Backwards from the rules' ends. A call leads on where its rule ends, so it waits for that rule.
    private void FindEnds()
    {
        var waiting = new Dictionary<int, List<int>>(); // by the called rule's start: states whose call returns to one that ends
        var todo = new Stack<int>();
        for (int i = 0; i < states.Count; i++)
        {
            foreach (var edge in states[i].Bytes) _sources[edge.Target].Add(i);
            foreach (var edge in states[i].Free) _sources[edge.Target].Add(i);
            foreach (var edge in states[i].Calls) _sources[edge.Return].Add(i);
            if (states[i].IsEnd) Mark(i);
        }
        while (todo.TryPop(out int state))
        {
            if (waiting.Remove(state, out var callers)) callers.ForEach(Mark);
            foreach (int from in _sources[state])
            {
                if (_ends[from]) continue;
                if (states[from].Bytes.Exists(edge => edge.Target == state) || states[from].Free.Exists(edge => edge.Target == state)) Mark(from);
                foreach (var call in states[from].Calls.Where(call => call.Return == state)) Await(ruleStarts[call.Rule], from);
            }
        }

        void Mark(int state)
        {
            if (_ends[state]) return;
            _ends[state] = true;
            todo.Push(state);
        }

        void Await(int start, int from)
        {
            if (_ends[start]) Mark(from);
            else if (waiting.TryGetValue(start, out var list)) list.Add(from);
            else waiting[start] = [from];
        }
    }

    private void FindEmpty()
    {
        bool changed = true;
        while (changed)
        {
            changed = false;
            // States are mostly drawn in order: backwards, few rounds are enough.
            for (int i = states.Count - 1; i >= 0; i--)
            {
                if (_endsEmpty[i] || !EndsEmpty(states[i])) continue;
                _endsEmpty[i] = changed = true;
            }
        }
    }

    private bool EndsEmpty(DraftState state) =>
        state.IsEnd
        || state.Free.Exists(edge => _endsEmpty[edge.Target] && (edge.Step != CountStep.Leave || loops[edge.Loop].Min == 0))
        || state.Calls.Exists(call => _endsEmpty[ruleStarts[call.Rule]] && _endsEmpty[call.Return]);

    private bool ReachesUnread(int from, int to)
    {
        var seen = new HashSet<int>();
        var todo = new Stack<int>([from]);
        while (todo.TryPop(out int state))
        {
            if (state == to) return true;
            if (!seen.Add(state)) continue;
            foreach (int next in Unread(state)) todo.Push(next);
        }
        return false;
    }

    // Where a state leads without reading, inside its rule.
    private IEnumerable<int> Unread(int state) =>
        states[state].Free.Select(edge => edge.Target).Concat(states[state].Calls.Where(call => _endsEmpty[ruleStarts[call.Rule]]).Select(call => call.Return));

    private int[] OrderRules()
    {
        var order = new int[ruleStarts.Length];
        var stage = new byte[ruleStarts.Length]; // 0 new, 1 being visited, 2 done
        int next = ruleStarts.Length;
        for (int rule = 0; rule < ruleStarts.Length; rule++)
        {
            // A stack of its own: a chain of rules may be long.
            var path = new Stack<(int Rule, IEnumerator<int> Called)>();
            Enter(rule);
            while (path.Count > 0)
            {
                var (current, called) = path.Peek();
                if (called.MoveNext()) Enter(called.Current);
                else
                {
                    stage[current] = 2;
                    order[current] = --next;
                    path.Pop();
                }
            }

            void Enter(int entered)
            {
                if (stage[entered] == 1) throw new GrammarException("A rule calls itself without reading anything first: the recursion never ends.", "");
                if (stage[entered] == 2) return;
                stage[entered] = 1;
                path.Push((entered, CalledFirst(entered).GetEnumerator()));
            }
        }
        return order;
    }

    private List<int> CalledFirst(int rule)
    {
        var called = new HashSet<int>();
        var seen = new HashSet<int>();
        var todo = new Stack<int>([ruleStarts[rule]]);
        while (todo.TryPop(out int state))
        {
            if (!_ends[state] || !seen.Add(state)) continue;
            foreach (var call in states[state].Calls.Where(IsLive)) called.Add(call.Rule);
            foreach (int next in Unread(state)) todo.Push(next);
        }
        return [.. called];
    }

    private bool IsLive(CallEdge call) => _ends[call.Return] && _ends[ruleStarts[call.Rule]];

    private RuleState[] Compile()
    {
        var compiled = new RuleState[states.Count];
        for (int i = 0; i < compiled.Length; i++)
        {
            var state = states[i];
            var calls = state.Calls.Where(IsLive).ToArray();
            compiled[i] = new()
            {
                Loop = state.Loop,
                IsEnd = state.IsEnd,
                Bytes = [.. state.Bytes.Where(edge => _ends[edge.Target])],
                Free = [.. state.Free.Where(edge => _ends[edge.Target]), .. calls.Where(call => _endsEmpty[ruleStarts[call.Rule]]).Select(call => new FreeEdge(call.Return))],
                Calls = [.. calls.Select(call => call with { IsTail = OnlyEnds(call.Return) })],
            };
        }
        return compiled;
    }

    private bool OnlyEnds(int state)
    {
        for (int steps = 0; steps < 8; steps++)
        {
            var draft = states[state];
            if (draft.Bytes.Count > 0 || draft.Calls.Count > 0) return false;
            if (draft.IsEnd) return draft.Free.Count == 0;
            if (draft.Free is not [{ Step: CountStep.None } only]) return false;
            state = only.Target;
        }
        return false;
    }
}
