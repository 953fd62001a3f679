namespace Hearth.Grammars;

/// <summary>Draws the automaton of one rule: states, and expressions between them.</summary>
public sealed class RuleBuilder
{
    private readonly GrammarBuilder _grammar;
    private int _loop = -1; // the counted loop that new states belong to

    internal RuleBuilder(GrammarBuilder grammar)
    {
        _grammar = grammar;
        Start = NewState();
        End = NewState();
    }

    /// <summary>Where the rule begins. No edge leads here.</summary>
    public int Start { get; }

    /// <summary>Where it ends.</summary>
    public int End { get; }

    /// <summary>Adds a state.</summary>
    public int NewState() => _grammar.NewState(_loop);

    /// <summary>Goes on at another state without reading.</summary>
    public void Skip(int from, int to) => _grammar.State(from).Free.Add(new(to));

    /// <summary>Reads an expression from one state to a new one, which is returned.</summary>
    public int Read(int from, GrammarExpression expression)
    {
        int to = NewState();
        Read(from, expression, to);
        return to;
    }

    /// <summary>Reads an expression on the way from one state to another.</summary>
    public void Read(int from, GrammarExpression expression, int to)
    {
        switch (expression)
        {
            case GrammarExpression.ByteRange range:
                _grammar.State(from).Bytes.Add(new(range.First, range.Last, to));
                break;
            case GrammarExpression.Literal literal:
                ReadLiteral(from, literal.Bytes.Span, to);
                break;
            case GrammarExpression.Character character:
                ReadCharacter(from, character.Set, to);
                break;
            case GrammarExpression.Sequence sequence:
                for (int i = 0; i < sequence.Parts.Count - 1; i++) from = Read(from, sequence.Parts[i]);
                if (sequence.Parts.Count == 0) Skip(from, to);
                else Read(from, sequence.Parts[^1], to);
                break;
            case GrammarExpression.Choice choice:
                foreach (var option in choice.Options) Read(from, option, to);
                break;
            case GrammarExpression.Call call:
                _grammar.State(from).Calls.Add(new(call.Rule, to));
                break;
            case GrammarExpression.Repeat repeat:
                ReadRepeat(from, repeat, to);
                break;
        }
    }

    private void ReadLiteral(int from, ReadOnlySpan<byte> bytes, int to)
    {
        if (bytes.IsEmpty) Skip(from, to);
        for (int i = 0; i < bytes.Length; i++)
        {
            int next = i == bytes.Length - 1 ? to : NewState();
            _grammar.State(from).Bytes.Add(new(bytes[i], bytes[i], next));
            from = next;
        }
    }

    private void ReadCharacter(int from, CodePointSet set, int to)
    {
        // Products with equal tails share the states of their tails.
        var tails = new Dictionary<string, int>();
        foreach (var product in Utf8Ranges.Of(set))
        {
            int target = to;
            string tail = "";
            for (int i = product.Length - 1; i > 0; i--)
            {
                tail = $"{product[i].First}-{product[i].Last}.{tail}";
                if (tails.TryGetValue(tail, out int known))
                {
                    target = known;
                    continue;
                }
                int state = NewState();
                _grammar.State(state).Bytes.Add(new(product[i].First, product[i].Last, target));
                target = tails[tail] = state;
            }
            _grammar.State(from).Bytes.Add(new(product[0].First, product[0].Last, target));
        }
    }

    private void ReadRepeat(int from, GrammarExpression.Repeat repeat, int to)
    {
        var (body, min, max) = (repeat.Body, repeat.Min, repeat.Max);
        if (min < 0 || max < min) throw new ArgumentException($"A repetition from {min} to {max} times is none.");
        if (max == 0)
        {
            Skip(from, to);
            return;
        }
        // The first turn is drawn apart: a loop that must turn is as productive as its body.
        if (min > 0)
        {
            from = Read(from, body);
            (min, max) = (min - 1, max - 1);
        }
        if (max == 0) Skip(from, to);
        else if (min == 0 && max == 1)
        {
            Skip(from, to);
            Read(from, body, to);
        }
        else if (min == 0 && max is null) ReadLoop(from, body, to);
        else ReadCounted(from, body, min, max, to);
    }

    private void ReadLoop(int from, GrammarExpression body, int to)
    {
        int head = NewState();
        _grammar.LoopHeads.Add(head);
        Skip(from, head);
        Read(head, body, head);
        Skip(head, to);
    }

    private void ReadCounted(int from, GrammarExpression body, int min, int? max, int to)
    {
        if (_loop >= 0)
        {
            // One count a rule: the inner loop becomes a rule of its own.
            int rule = _grammar.Declare();
            var inner = _grammar.Define(rule);
            inner.ReadCounted(inner.Start, body, min, max, inner.End);
            _grammar.State(from).Calls.Add(new(rule, to));
            return;
        }
        int loop = _grammar.NewLoop(min, max);
        _loop = loop;
        int head = NewState(), first = NewState();
        _grammar.LoopHeads.Add(head);
        _grammar.State(head).Free.Add(new(first, CountStep.Turn, loop));
        Read(first, body, head);
        _loop = -1;
        Skip(from, head);
        _grammar.State(head).Free.Add(new(to, CountStep.Leave, loop));
        _grammar.LoopBodies.Add((first, head));
    }
}
