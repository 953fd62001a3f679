namespace Hearth.Grammars;

/// <summary>
/// A grammar over bytes, ready to run: for each rule a nondeterministic automaton whose edges read a byte or call another rule (a recursive transition
/// network). Immutable. No rule calls itself before it has read a byte, and from every state the end of its rule can be reached.
/// </summary>
public sealed class ByteGrammar
{
    internal ByteGrammar(RuleState[] states, CountedLoop[] loops, int[] ruleStarts, int[] ruleOrder, int root, int sharedStates)
    {
        States = states;
        Loops = loops;
        RuleStarts = ruleStarts;
        RuleOrder = ruleOrder;
        Root = root;
        SharedStates = sharedStates;
        (ByteClasses, ClassCount) = Classify(states);
    }

    internal RuleState[] States { get; }

    internal CountedLoop[] Loops { get; }

    internal int[] RuleStarts { get; }

    /// <summary>States to which every turn of a loop comes back.</summary>
    internal int[] LoopHeads { get; init; } = [];

    /// <summary>A rule comes behind all that may call it at the same position.</summary>
    internal int[] RuleOrder { get; }

    /// <summary>A state whose only edge calls the root rule.</summary>
    internal int Root { get; }

    /// <summary>States below this one are those of <see cref="SharedRules"/>, equal in every grammar that was built on them.</summary>
    internal int SharedStates { get; }

    /// <summary>Bytes of one class have the same edges everywhere.</summary>
    internal byte[] ByteClasses { get; }

    internal int ClassCount { get; }

    /// <summary>Number of states, a measure of its size.</summary>
    public int StateCount => States.Length;

    private static (byte[], int) Classify(RuleState[] states)
    {
        var starts = new bool[257];
        foreach (var state in states)
            foreach (var edge in state.Bytes) starts[edge.First] = starts[edge.Last + 1] = true;
        var classes = new byte[256];
        int count = 0;
        for (int value = 0; value < 256; value++)
        {
            if (value > 0 && starts[value]) count++;
            classes[value] = (byte)count;
        }
        return (classes, count + 1);
    }
}

/// <summary>A state of a rule's automaton.</summary>
internal sealed class RuleState
{
    public ByteEdge[] Bytes { get; set; } = [];

    public FreeEdge[] Free { get; set; } = [];

    public CallEdge[] Calls { get; set; } = [];

    /// <summary>The rule may end here.</summary>
    public bool IsEnd { get; set; }

    /// <summary>The counted loop that it is in, or -1.</summary>
    public int Loop { get; init; } = -1;
}

/// <summary>Reads a byte.</summary>
internal readonly record struct ByteEdge(byte First, byte Last, int Target);

/// <summary>Runs another rule, then goes on. A tail call has nothing left to do there but to end.</summary>
internal readonly record struct CallEdge(int Rule, int Return, bool IsTail = false);

/// <summary>What an edge that reads nothing does with the count of turns.</summary>
internal enum CountStep : byte
{
    None,
    /// <summary>Begins a turn: only below the loop's maximum.</summary>
    Turn,
    /// <summary>Leaves: only from the loop's minimum on.</summary>
    Leave,
}

/// <summary>Reads nothing.</summary>
internal readonly record struct FreeEdge(int Target, CountStep Step = CountStep.None, int Loop = -1);

/// <summary>Bounds of a counted loop.</summary>
/// <param name="Min">Fewest turns.</param>
/// <param name="Max">Most turns; null: no bound.</param>
internal readonly record struct CountedLoop(int Min, int? Max)
{
    /// <summary>The count after one more turn; null where there may be none.</summary>
    public int? Next(int count) => Max is { } max ? count < max ? count + 1 : null : Math.Min(count + 1, Min);

    /// <summary>Among the counts that no text of <paramref name="turns"/> turns can tell apart, always the same one.</summary>
    public int Canonical(int count, int turns)
    {
        if (count + (long)turns < Min) return 0;
        return Max is { } max && count >= Min && count + (long)turns < max ? Min : count;
    }
}
