using System.Runtime.InteropServices;

namespace Hearth.Inference;

/// <summary>
/// All substrings of a growing list of tokens (Blumer et al. 1985): knows after each token the longest ending of the list that was there before, and where.
/// A token costs constant time, amortised, and at most two states and three edges.
/// </summary>
internal sealed class SuffixAutomaton
{
    private const int None = -1, Root = 0;

    // A state is a set of substrings that end at the same places; Length is that of the longest one.
    private record struct State(int Length, int Link, int End, int FirstEdge);

    private record struct Edge(int Token, int Target, int Next);

    private readonly List<State> _states = [new(0, None, None, None)];
    private readonly List<Edge> _edges = []; // of each state a linked list, so that a state can be copied
    private readonly Dictionary<(int State, int Token), int> _edgeOf = [];
    private int _last = Root;

    /// <summary>Tokens so far.</summary>
    public int Count { get; private set; }

    /// <summary>Length of the longest ending that was there before; 0: the last token is new.</summary>
    public int MatchLength { get; private set; }

    /// <summary>Index behind an earlier occurrence of that ending: what followed it there.</summary>
    public int MatchEnd { get; private set; }

    /// <summary>Adds a token.</summary>
    public void Add(int token)
    {
        int added = AddState(new(++Count, Root, Count, None)), state = _last;
        for (; state != None && !_edgeOf.ContainsKey((state, token)); state = _states[state].Link) AddEdge(state, token, added);
        if (state != None)
        {
            int target = Follow(state, token);
            int link = At(target).Length == At(state).Length + 1 ? target : Split(state, token, target);
            At(added).Link = link;
        }
        _last = added;
        NoteMatch(At(added).Link);
    }

    // The state that an ending links to holds its longest part that also ends elsewhere. The place noted there is the latest one that was seen
    // through this very state: not always the latest of all, but always one.
    private void NoteMatch(int state)
    {
        MatchLength = At(state).Length;
        MatchEnd = At(state).End;
        if (state != Root) At(state).End = Count;
    }

    // The shorter substrings of the target now end at one place more than its longer ones: they become a state of their own.
    private int Split(int state, int token, int target)
    {
        int copy = AddState(At(target) with { Length = At(state).Length + 1, FirstEdge = None });
        for (int edge = At(target).FirstEdge; edge != None; edge = _edges[edge].Next) AddEdge(copy, _edges[edge].Token, _edges[edge].Target);
        At(target).Link = copy;
        for (; state != None && Follow(state, token) == target; state = At(state).Link)
            CollectionsMarshal.AsSpan(_edges)[_edgeOf[(state, token)]].Target = copy;
        return copy;
    }

    private int AddState(State state)
    {
        _states.Add(state);
        return _states.Count - 1;
    }

    private void AddEdge(int state, int token, int target)
    {
        _edgeOf[(state, token)] = _edges.Count;
        _edges.Add(new(token, target, At(state).FirstEdge));
        At(state).FirstEdge = _edges.Count - 1;
    }

    private int Follow(int state, int token) => _edgeOf.TryGetValue((state, token), out int edge) ? _edges[edge].Target : None;

    // Good until the next state is added.
    private ref State At(int state) => ref CollectionsMarshal.AsSpan(_states)[state];
}
