using System.Text;

namespace Hearth.Grammars;

/// <summary>
/// A nondeterministic automaton over code points without empty edges: what strings must match is built from these by intersection. State 0 is the start;
/// from every state an accepting one can be reached, but for the start of an empty language.
/// </summary>
internal sealed class CharacterAutomaton
{
    /// <summary>States and edges that an intersection may have.</summary>
    private const int MostStates = 20_000, MostEdges = 100_000;

    private readonly (CodePointSet Set, int Target)[][] _edges;
    private readonly bool[] _accepts;

    private CharacterAutomaton((CodePointSet, int)[][] edges, bool[] accepts)
    {
        _edges = edges;
        _accepts = accepts;
    }

    /// <summary>True where no string matches.</summary>
    public bool IsEmpty => !_accepts[0] && _edges[0].Length == 0;

    /// <summary>An automaton explored from its start.</summary>
    /// <param name="start">The first state.</param>
    /// <param name="edges">The edges of a state.</param>
    /// <param name="accepts">Whether a string may end in a state.</param>
    /// <exception cref="GrammarException">There are too many states.</exception>
    public static CharacterAutomaton Explore<T>(T start, Func<T, IEnumerable<(CodePointSet Set, T Target)>> edges, Func<T, bool> accepts) where T : notnull
    {
        var index = new Dictionary<T, int> { [start] = 0 };
        var states = new List<T> { start };
        var all = new List<List<(CodePointSet Set, int Target)>>();
        int count = 0;
        for (int i = 0; i < states.Count; i++)
        {
            var own = new List<(CodePointSet, int)>();
            foreach (var (set, target) in edges(states[i]))
            {
                if (set.IsEmpty) continue;
                if (!index.TryGetValue(target, out int known))
                {
                    index[target] = known = states.Count;
                    states.Add(target);
                }
                own.Add((set, known));
                if (++count > MostEdges || states.Count > MostStates) throw new GrammarException("it is too large: its automaton has more than 20,000 states or 100,000 edges. Use smaller counts, or fewer patterns for one string.");
            }
            all.Add(own);
        }
        return Trim(all, [.. states.Select(accepts)]);
    }

    /// <summary>Strings of some length, in code points.</summary>
    public static CharacterAutomaton Length(int min, int? max) => Explore(
        0, length => length == max ? [] : [(CodePointSet.All, max is null ? Math.Min(length + 1, min) : length + 1)], length => length >= min);

    /// <summary>Every string but these.</summary>
    public static CharacterAutomaton NotIn(IReadOnlyCollection<string> names)
    {
        var prefixes = names.SelectMany(name => Prefixes(name)).ToHashSet();
        var whole = names.ToHashSet();
        var following = new Dictionary<string, List<(int CodePoint, string Target)>>();
        foreach (string prefix in prefixes.Where(prefix => prefix.Length > 0))
        {
            var rune = prefix.EnumerateRunes().Last();
            string parent = prefix[..^rune.Utf16SequenceLength];
            if (!following.TryGetValue(parent, out var list)) following[parent] = list = [];
            list.Add((rune.Value, prefix));
        }
        // null: it has left all names.
        return Explore<(bool, string)>((prefixes.Count > 0, ""), state => Edges(state.Item1 ? state.Item2 : null), state => !state.Item1 || !whole.Contains(state.Item2));

        IEnumerable<(CodePointSet, (bool, string))> Edges(string? at)
        {
            if (at is null || !following.TryGetValue(at, out var next))
            {
                yield return (CodePointSet.All, (false, ""));
                yield break;
            }
            foreach (var (codePoint, target) in next) yield return (CodePointSet.Of(codePoint), (true, target));
            yield return (CodePointSet.Of(next.Select(edge => (edge.CodePoint, edge.CodePoint))).Complement(), (false, ""));
        }
    }

    /// <summary>What both match.</summary>
    public CharacterAutomaton And(CharacterAutomaton other) => Explore<(int A, int B)>(
        (0, 0),
        state => from a in _edges[state.A] from b in other._edges[state.B] select (a.Set.Intersect(b.Set), (a.Target, b.Target)),
        state => _accepts[state.A] && other._accepts[state.B]);

    /// <summary>Whether a string matches.</summary>
    public bool Matches(string text)
    {
        var states = new HashSet<int> { 0 };
        foreach (var rune in text.EnumerateRunes())
            states = [.. states.SelectMany(state => _edges[state]).Where(edge => edge.Set.Contains(rune.Value)).Select(edge => edge.Target)];
        return states.Any(state => _accepts[state]);
    }

    /// <summary>Draws the automaton between two states of a rule.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="from">Where the string begins.</param>
    /// <param name="to">Where it ends.</param>
    /// <param name="write">How the characters of a set are written.</param>
    public void Draw(RuleBuilder rule, int from, int to, Func<CodePointSet, GrammarExpression> write)
    {
        int[] states = [.. _edges.Select(_ => rule.NewState())];
        rule.Skip(from, states[0]);
        for (int i = 0; i < states.Length; i++)
        {
            if (_accepts[i]) rule.Skip(states[i], to);
            foreach (var group in _edges[i].GroupBy(edge => edge.Target))
                rule.Read(states[i], write(group.Select(edge => edge.Set).Aggregate((a, b) => a.Union(b))), states[group.Key]);
        }
    }

    private static IEnumerable<string> Prefixes(string name)
    {
        var prefix = new StringBuilder();
        yield return "";
        foreach (var rune in name.EnumerateRunes()) yield return prefix.Append(rune).ToString();
    }

    private static CharacterAutomaton Trim(List<List<(CodePointSet Set, int Target)>> edges, bool[] accepts)
    {
        var sources = edges.Select(_ => new List<int>()).ToArray();
        for (int i = 0; i < edges.Count; i++)
            foreach (var (_, target) in edges[i]) sources[target].Add(i);
        var live = new bool[edges.Count];
        var todo = new Stack<int>(Enumerable.Range(0, edges.Count).Where(i => accepts[i]));
        while (todo.TryPop(out int state))
        {
            if (live[state]) continue;
            live[state] = true;
            foreach (int source in sources[state]) todo.Push(source);
        }
        var index = new int[edges.Count];
        var kept = Enumerable.Range(0, edges.Count).Where(i => i == 0 || live[i]).ToList();
        for (int i = 0; i < kept.Count; i++) index[kept[i]] = i;
        return new(
            [.. kept.Select(i => edges[i].Where(edge => live[edge.Target]).Select(edge => (edge.Set, index[edge.Target])).ToArray())],
            [.. kept.Select(i => accepts[i])]);
    }
}
