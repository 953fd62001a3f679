using System.Runtime.InteropServices;
using Hearth.Grammars;
using Hearth.Numerics;

namespace Hearth.Inference;

/// <summary>Where a sequence is.</summary>
public enum SequenceState
{
    /// <summary>Holds no blocks; waits to be admitted, for the first time or again.</summary>
    Waiting,
    /// <summary>Holds blocks and takes part in steps.</summary>
    Running,
    /// <summary>Ended; holds no blocks.</summary>
    Finished,
}

/// <summary>
/// One generation in flight: prompt, completion so far, its blocks. There is no prefill or decode phase: <see cref="ComputedTokens"/> chases
/// <see cref="TotalTokens"/>, and whenever it arrives a token is sampled, which puts the total one ahead again.
/// </summary>
public sealed class Sequence
{
    private readonly List<int> _tokens;
    private readonly List<PrefixHash> _hashes = [];
    private readonly PrefixHash _root;
    private readonly Speculation? _speculation;
    private int _everComputed; // before preemptions too

    /// <summary>A sequence that has computed nothing.</summary>
    /// <param name="arrival">Orders sequences: lower goes first. The choices of one request share it.</param>
    /// <param name="options">The request; <see cref="GenerationOptions.MaxTokens"/> must be set.</param>
    /// <param name="seed">The seed of its random numbers.</param>
    /// <param name="stopTokenIds">All ids that end it; null: the request's own.</param>
    /// <param name="root">What its cached blocks have in common; null: what the request says, computed by this machine's kernels.</param>
    public Sequence(long arrival, GenerationOptions options, ulong seed = 0, IReadOnlyList<int>? stopTokenIds = null, PrefixRoot? root = null)
        : this(arrival, 0, options, seed, stopTokenIds ?? options.StopTokenIds, [.. options.PromptTokenIds],
              (root ?? options.PrefixRoot(Simd.NumericsId, ropeRegime: null)).Hash)
    {
        ScoredFrom = options.PromptLogprobs ? 0 : PromptTokens - 1;
        PendingChoices = options.Choices - 1;
    }

    private Sequence(long arrival, int choice, GenerationOptions options, ulong seed, IReadOnlyList<int> stopTokenIds, List<int> tokens, PrefixHash root)
    {
        Arrival = arrival;
        Choice = choice;
        Options = options;
        Seed = seed;
        StopTokenIds = stopTokenIds;
        PromptTokens = options.PromptTokenIds.Count;
        MaxTokens = options.MaxTokens ?? throw new ArgumentException("Sequence: MaxTokens must be set.", nameof(options));
        SurpriseBound = Mirostat.FirstBound(options.Sampling);
        Grammar = options.Grammar?.Start;
        _speculation = Speculation.For(options);
        _tokens = tokens;
        _root = root;
    }

    /// <summary>Order of arrival.</summary>
    public long Arrival { get; }

    /// <summary>Which completion of the request.</summary>
    public int Choice { get; }

    /// <summary>Its name in a plan.</summary>
    public SequenceId Id => new(Arrival, Choice);

    /// <summary>The request.</summary>
    public GenerationOptions Options { get; }

    /// <summary>The seed of its random numbers.</summary>
    public ulong Seed { get; }

    /// <summary>All ids that end it.</summary>
    public IReadOnlyList<int> StopTokenIds { get; }

    /// <summary>Most completion tokens.</summary>
    public int MaxTokens { get; }

    /// <summary>Tokens given.</summary>
    public int PromptTokens { get; }

    /// <summary>Tokens generated.</summary>
    public int CompletionTokens => TotalTokens - PromptTokens;

    /// <summary>Tokens given and generated.</summary>
    public int TotalTokens => _tokens.Count;

    /// <summary>Leading tokens whose keys and values are in the cache.</summary>
    public int ComputedTokens { get; private set; }

    /// <summary>Tokens to compute before the next one can be sampled.</summary>
    public int PendingTokens => TotalTokens - ComputedTokens;

    /// <summary>Tokens that a step may compute: those pending, then the drafts behind them.</summary>
    public int WantedTokens => PendingTokens + Drafts.Length;

    /// <summary>Guesses of the tokens to come. They lag like any other token, and are gone after the step.</summary>
    public ReadOnlySpan<int> Drafts => _speculation is null ? [] : _speculation.Drafts;

    /// <summary>What became of its drafts.</summary>
    public DraftCounts DraftCounts => _speculation?.Totals ?? default;

    /// <summary>Prompt tokens that the prefix cache gave at the first admission.</summary>
    public int CachedTokens { get; private set; }

    /// <summary>Completions of the same prompt that split off when it is computed.</summary>
    public int PendingChoices { get; private set; }

    /// <summary>First position whose logits have not been used yet: blocks before it may come from the prefix cache.</summary>
    public int ScoredFrom { get; private set; }

    /// <summary>Times that its blocks were taken back.</summary>
    public int Preemptions { get; private set; }

    /// <summary>Its blocks.</summary>
    public BlockTable Blocks { get; } = new();

    /// <summary>Where it is.</summary>
    public SequenceState State { get; internal set; }

    /// <summary>Set when <see cref="State"/> is finished.</summary>
    public FinishReason? FinishReason { get; private set; }

    /// <summary>The engine's record of the request.</summary>
    internal Generation? Owner { get; init; }

    /// <summary>Last step in which it had tokens, and when that was planned; kept by the meter.</summary>
    internal long? PlannedIn { get; set; }
    internal long PlannedAt { get; set; }

    /// <summary>When its last token came; kept by the meter.</summary>
    internal long? TokenAt { get; set; }

    /// <summary>Counts for the penalties, kept by the sampler.</summary>
    internal TokenCounts? Counts { get; set; }

    /// <summary>Most surprise of the next token in bits, where mirostat is on. A function of the tokens before it: a preempted sequence keeps it.</summary>
    internal double SurpriseBound { get; private set; }

    /// <summary>Where the completion stands in its grammar, where it has one. A function of the tokens, as the bound is.</summary>
    internal GrammarState? Grammar { get; private set; }

    /// <summary>Why no token could be chosen, where the logits are not the reason; set by the sampler.</summary>
    internal string? Fault { get; set; }

    /// <summary>Whose service it counts as, while it runs or waits.</summary>
    internal Flow? Flow { get; set; }

    /// <summary>Tokens that it has in the step that is being planned.</summary>
    internal int Granted { get; set; }

    /// <summary>True: it can take no more tokens in the step that is being planned.</summary>
    internal bool HasEnough => IsStuck || Granted >= WantedTokens;

    /// <summary>True: blocks, rows or limits leave it no more.</summary>
    internal bool IsStuck { get; set; }

    /// <summary>The tokens.</summary>
    public ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(_tokens);

    /// <summary>Rows of logits that computing the next <paramref name="count"/> tokens gives.</summary>
    public int RowsIn(int count) => Math.Max(0, Math.Min(ComputedTokens + count, LastScored + Drafts.Length + 1) - Math.Max(ComputedTokens, ScoredFrom));

    /// <summary>Most of the next <paramref name="count"/> tokens that give at most <paramref name="rows"/> rows of logits.</summary>
    public int FitRows(int count, int rows) =>
        RowsIn(count) <= rows ? count : Math.Max(ComputedTokens, ScoredFrom) + rows - ComputedTokens;

    /// <summary>How many of the next <paramref name="count"/> tokens were never computed for this sequence before; drafts are none yet.</summary>
    internal int NewWorkIn(int count) => Math.Max(0, ComputedTokens + Math.Min(count, PendingTokens) - Math.Max(_everComputed, ComputedTokens));

    /// <summary>Starts the planning of a step.</summary>
    internal void ClearGrant() => (Granted, IsStuck) = (0, false);

    /// <summary>The hash of full block <paramref name="index"/>.</summary>
    internal PrefixHash HashOf(int index, int blockSize)
    {
        while (_hashes.Count <= index)
        {
            var parent = _hashes.Count == 0 ? _root : _hashes[^1];
            _hashes.Add(parent.Next(Tokens.Slice(_hashes.Count * blockSize, blockSize), InputsIn(_hashes.Count * blockSize, blockSize)));
        }
        return _hashes[index];
    }

    /// <summary>Starts from tokens that the prefix cache has.</summary>
    internal void StartFromCache(int cachedTokens)
    {
        ComputedTokens = cachedTokens;
        if (Preemptions == 0) CachedTokens = cachedTokens;
    }

    /// <summary>Guesses what comes next, where the next token is all that is pending.</summary>
    internal void Propose(int most)
    {
        // The last token is never a draft: nothing comes after it.
        if (_speculation is not null && PendingTokens == 1 && PendingChoices == 0) _speculation.Propose(Tokens, Math.Min(most, MaxTokens - CompletionTokens - 1));
    }

    /// <summary>Notes that <paramref name="count"/> more tokens are in the cache. Drafts among them count when they have become tokens.</summary>
    internal void Advance(int count)
    {
        int known = Math.Min(count, PendingTokens);
        _speculation?.Computed(count - known);
        ComputedTokens += known;
        _everComputed = Math.Max(_everComputed, ComputedTokens);
        ScoredFrom = Math.Max(ScoredFrom, Math.Min(ComputedTokens, LastScored + 1));
    }

    /// <summary>Forgets the step's drafts.</summary>
    internal DraftCounts SettleDrafts() => _speculation?.Settle(TotalTokens) ?? default;

    /// <summary>Notes that its blocks were taken back.</summary>
    internal void Restart()
    {
        ComputedTokens = 0;
        Preemptions++;
    }

    /// <summary>Adds a sampled token and says whether it ends the sequence.</summary>
    internal FinishReason? Append(in SampledToken token)
    {
        int tokenId = token.TokenId;
        SurpriseBound = Mirostat.NextBound(SurpriseBound, token.Surprise, Options.Sampling);
        bool mayStop = CompletionTokens >= Options.MinTokens || Grammar is { IsFinal: true };
        Grammar = Grammar?.Advance(tokenId);
        _tokens.Add(tokenId);
        if (_speculation is not null && _speculation.Accepts(tokenId)) _everComputed = Math.Max(_everComputed, ++ComputedTokens);
        ScoredFrom = TotalTokens - 1;
        if (mayStop && StopTokenIds.Contains(tokenId)) return Inference.FinishReason.Stop;
        return CompletionTokens >= MaxTokens ? Inference.FinishReason.Length : null;
    }

    /// <summary>The sequence of another choice, with the same prompt and nothing computed.</summary>
    internal Sequence Split(int choice)
    {
        PendingChoices--;
        var sibling = new Sequence(Arrival, choice, Options, Seed, StopTokenIds, [.. Options.PromptTokenIds], _root) { Owner = Owner };
        sibling._hashes.AddRange(_hashes); // called before the first completion token: all of them are the prompt's
        sibling.ScoredFrom = PromptTokens - 1;
        sibling._everComputed = PromptTokens;
        sibling.Fault = Fault;
        return sibling;
    }

    /// <summary>Starts from another sequence's computed prompt.</summary>
    internal void StartFromSibling(int computedTokens) => ComputedTokens = computedTokens;

    internal void Finish(FinishReason reason)
    {
        State = SequenceState.Finished;
        FinishReason = reason;
    }

    private PromptInput[] InputsIn(int position, int count) => Options.Inputs.Count == 0 ? [] :
        [.. Options.Inputs.Where(input => input.Position >= position && input.Position < position + count).Select(input => input with { Position = input.Position - position })];

    // Without a token to generate, the last row would score nothing.
    private int LastScored => MaxTokens == 0 ? TotalTokens - 2 : TotalTokens - 1;
}
