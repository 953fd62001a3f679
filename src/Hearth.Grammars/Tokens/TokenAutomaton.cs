namespace Hearth.Grammars;

/// <summary>
/// A grammar over the tokens of a vocabulary, made deterministic where texts go: states and their masks are made when they are first reached and kept while there
/// is room. Safe to share between threads.
/// </summary>
public sealed class TokenAutomaton
{
    /// <summary>Places, links and words of masks kept before all of them are dropped; some 16 MB.</summary>
    private const long MostHeld = 1_000_000;

    /// <summary>Places visited for one mask or step before the text is given up: some tens of milliseconds.</summary>
    private const long MostWork = 2_000_000;

    /// <summary>Loops whose masks are made before the first text.</summary>
    private const int MostPrepared = 32;

    private readonly Lock _gate = new();
    private readonly ByteGrammar _grammar;
    private readonly StepScratch _step;
    private readonly Dictionary<Configuration[], ReturnNode> _nodes = new(ConfigurationComparer.Instance);
    private readonly Dictionary<(bool, int), List<GrammarState>> _states = []; // by completeness and hash of the kernel
    private readonly long _mostHeld;
    private readonly long _mostWork;
    private int _nodeIds;
    private long _held;

    /// <summary>An automaton.</summary>
    /// <param name="grammar">What texts may be.</param>
    /// <param name="vocabulary">What they are made of.</param>
    public TokenAutomaton(ByteGrammar grammar, TokenVocabulary vocabulary) : this(grammar, vocabulary, MostHeld, MostWork) { }

    internal TokenAutomaton(ByteGrammar grammar, TokenVocabulary vocabulary, long mostHeld, long mostWork)
    {
        (_grammar, Vocabulary, _mostHeld, _mostWork) = (grammar, vocabulary, mostHeld, mostWork);
        _step = new(grammar, InternNode);
        Dead = new(this, [], [], isComplete: false);
        Start = Known([new(grammar.Root, 0, ReturnNode.Bottom)], isComplete: false);
    }

    /// <summary>The tokens.</summary>
    public TokenVocabulary Vocabulary { get; }

    /// <summary>What texts may be.</summary>
    public ByteGrammar Grammar => _grammar;

    /// <summary>The state before any text.</summary>
    public GrammarState Start { get; }

    internal GrammarState Dead { get; }

    internal byte[] ByteClasses => _grammar.ByteClasses;

    internal int ClassCount => _grammar.ClassCount;

    /// <summary>Times that everything was dropped to make room.</summary>
    internal int Drops { get; private set; }

    /// <summary>
    /// Makes the masks that take longest, those inside of loops over characters, so that the first text need not wait for them. Not needed for the result.
    /// </summary>
    public void Prepare()
    {
        foreach (int head in _grammar.LoopHeads.Where(head => head >= _grammar.SharedStates || ReferenceEquals(Vocabulary.Shared, this)).Take(MostPrepared))
        {
            int loop = _grammar.States[head].Loop;
            Prepare(head, 0);
            if (loop >= 0 && _grammar.Loops[loop].Min > 0) Prepare(head, _grammar.Loops[loop].Min);
        }
    }

    private void Prepare(int head, int count)
    {
        lock (_gate)
        {
            _step.WorkLimit = _step.Work + _mostWork;
            try
            {
                _step.Begin();
                _step.Reach(new(head, count, ReturnNode.Bottom));
                StackFree(_step.Close());
            }
            catch (TooMuchWorkException)
            {
                // The text that comes here is told why it ends.
            }
            finally
            {
                _step.WorkLimit = long.MaxValue;
            }
        }
    }

    internal GrammarState Step(GrammarState state, byte value)
    {
        lock (_gate)
        {
            _step.Begin();
            foreach (var place in state.Live)
                foreach (var edge in _grammar.States[place.State].Bytes)
                    if (edge.First <= value && value <= edge.Last) _step.Reach(place with { State = edge.Target });
            var kernel = _step.Close();
            var next = kernel.Length == 0 && !_step.IsComplete ? Dead : Known(kernel, _step.IsComplete);
            state.Remember(value, next);
            return next;
        }
    }

    internal GrammarMask MakeMask(GrammarState state)
    {
        lock (_gate)
        {
            if (state.KnownMask is { } known) return known;
            _step.WorkLimit = _step.Work + _mostWork;
            try
            {
                return state.KnownMask = Compute(state);
            }
            catch (TooMuchWorkException)
            {
                return state.KnownMask = NoMask("The grammar is too ambiguous: what may come next cannot be told in reasonable time. Make the alternatives of the schema differ earlier.");
            }
            finally
            {
                _step.WorkLimit = long.MaxValue;
            }
        }
    }

    private GrammarMask Compute(GrammarState state)
    {
        var free = StackFree(state.Kernel);
        var own = new List<int>();
        TrieWalk.Run(free.Dependent, state, own.Add);
        own.Sort();
        var mask = new GrammarMask(free.Words, [.. own], state.IsComplete);
        return mask.HasTokens || mask.AllowsEnd ? mask : NoMask("No token of the vocabulary can go on from here: it has none with the bytes that the grammar asks for.");
    }

    private GrammarMask NoMask(string fault) => new(new ulong[Vocabulary.Words], [], allowsEnd: false, fault);

    // The state with its stack forgotten: the end of the rules at hand is then the end of the text.
    private StackFreeMask StackFree(Configuration[] kernel)
    {
        bool isShared = !ReferenceEquals(Vocabulary.Shared, this) && Array.TrueForAll(kernel, place => place.State < _grammar.SharedStates);
        if (isShared) return Vocabulary.Shared.StackFreeOf(Forget(kernel));
        return StackFreeOf(Forget(kernel));
    }

    private StackFreeMask StackFreeOf(Configuration[] kernel)
    {
        lock (_gate)
        {
            var alone = Known(kernel, isComplete: false);
            return alone.StackFree ??= Walk(alone);
        }
    }

    private StackFreeMask Walk(GrammarState alone)
    {
        _held += Vocabulary.Words;
        var words = new ulong[Vocabulary.Words];
        var dependent = new List<int>();
        TrieWalk.Run(Vocabulary.Trie, alone, id => words[id >> 6] |= 1UL << id, dependent.Add);
        return new(words, Vocabulary.TrieOf(dependent));
    }

    private Configuration[] Forget(Configuration[] kernel)
    {
        var alone = new SortedSet<Configuration>();
        foreach (var (state, count, _) in kernel)
        {
            int loop = _grammar.States[state].Loop;
            alone.Add(new(state, loop < 0 ? count : _grammar.Loops[loop].Canonical(count, Vocabulary.Trie.Depth), ReturnNode.Bottom));
        }
        return [.. alone];
    }

    private GrammarState Known(Configuration[] kernel, bool isComplete)
    {
        var key = (isComplete, ConfigurationComparer.Instance.GetHashCode(kernel));
        if (_states.TryGetValue(key, out var candidates))
            foreach (var candidate in candidates)
                if (ConfigurationComparer.Instance.Equals(candidate.Kernel, kernel)) return candidate;
        if (_held >= _mostHeld) DropAll();
        var state = new GrammarState(this, kernel, _step.Expand(kernel), isComplete);
        if (!_states.TryGetValue(key, out candidates)) _states[key] = candidates = [];
        candidates.Add(state);
        _held += kernel.Length + state.Live.Length + ClassCount + 16;
        return state;
    }

    // Sequences keep the states that they are in; everything else is made again when it is needed.
    private void DropAll()
    {
        foreach (var state in _states.Values.SelectMany(states => states)) state.Forget();
        _states.Clear();
        _nodes.Clear();
        _held = 0;
        Drops++;
    }

    private ReturnNode InternNode(Configuration[] frames)
    {
        if (frames is [{ State: Configuration.Whole }]) return ReturnNode.Bottom;
        if (_nodes.TryGetValue(frames, out var node)) return node;
        return _nodes[frames] = new(++_nodeIds, frames);
    }
}
