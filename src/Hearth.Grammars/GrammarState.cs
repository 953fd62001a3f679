namespace Hearth.Grammars;

/// <summary>
/// Where a text stands in its grammar: a function of the tokens so far, immutable, free to copy and to share between threads. Equal states of one grammar are
/// one object, so a step that was made before costs an array access a byte.
/// </summary>
public sealed class GrammarState
{
    private readonly TokenAutomaton _automaton;
    private GrammarState?[]? _next; // by class of byte; null: not known yet
    private GrammarMask? _mask;

    internal GrammarState(TokenAutomaton automaton, Configuration[] kernel, Configuration[] live, bool isComplete)
    {
        _automaton = automaton;
        Kernel = kernel;
        Live = live;
        IsComplete = isComplete;
    }

    /// <summary>Whether the text so far is a whole one.</summary>
    public bool IsComplete { get; }

    /// <summary>Whether the text is whole and nothing may be added: only the end is left.</summary>
    public bool IsFinal => IsComplete && Live.Length == 0;

    /// <summary>Whether the text so far is not the beginning of any that the grammar has.</summary>
    public bool IsDead => !IsComplete && Live.Length == 0;

    /// <summary>Which tokens may come next; made when it is first asked for.</summary>
    public GrammarMask Mask => Volatile.Read(ref _mask) ?? _automaton.MakeMask(this);

    /// <summary>Places before the rules that they call are begun: what the state is known by.</summary>
    internal Configuration[] Kernel { get; }

    /// <summary>Places where a byte may be read.</summary>
    internal Configuration[] Live { get; }

    /// <summary>What of the mask does not depend on the stack; kept by states whose stack is empty.</summary>
    internal StackFreeMask? StackFree { get; set; }

    internal GrammarMask? KnownMask
    {
        get => Volatile.Read(ref _mask);
        set => Volatile.Write(ref _mask, value);
    }

    /// <summary>The state behind a token; a dead one where the mask does not allow it.</summary>
    public GrammarState Advance(int tokenId)
    {
        var bytes = _automaton.Vocabulary.BytesOf(tokenId);
        return bytes.IsEmpty ? _automaton.Dead : Advance(bytes);
    }

    /// <summary>The state behind more bytes.</summary>
    public GrammarState Advance(ReadOnlySpan<byte> bytes)
    {
        var state = this;
        foreach (byte value in bytes)
        {
            state = state.Next(value);
            if (state.IsDead) break;
        }
        return state;
    }

    internal GrammarState Next(byte value) => _next?[_automaton.ByteClasses[value]] ?? _automaton.Step(this, value);

    internal void Remember(byte value, GrammarState next) => (_next ??= new GrammarState?[_automaton.ClassCount])[_automaton.ByteClasses[value]] = next;

    /// <summary>Gives back what can be made again.</summary>
    internal void Forget()
    {
        _next = null;
        StackFree = null;
        KnownMask = null;
    }
}
