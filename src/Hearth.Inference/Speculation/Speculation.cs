namespace Hearth.Inference;

/// <summary>
/// The drafts of one sequence, from the proposal to their end: they are computed behind its tokens in one step, and those that the sampler would have
/// chosen anyway become tokens without a step of their own.
/// </summary>
internal sealed class Speculation
{
    /// <summary>Most drafts from a predicted output: a wrong turn costs that many rows.</summary>
    public const int MostPredicted = 16;

    /// <summary>Most drafts from repetitions.</summary>
    public const int MostNgram = 64;

    private readonly Source[] _sources;
    private readonly int[] _drafts;
    private Source? _from;
    private int _computed, _accepted;

    private Speculation(params Source[] sources)
    {
        _sources = sources;
        _drafts = new int[sources.Max(source => source.Most)];
    }

    /// <summary>The drafts of a request's choice; null where it has none.</summary>
    public static Speculation? For(GenerationOptions options)
    {
        int prompt = options.PromptTokenIds.Count, ngram = options.NgramDrafts ?? 0;
        var prediction = options.PredictedTokenIds is { Count: > 0 } ids ? new Source(new PredictionDrafter([.. ids], prompt), MostPredicted, true) : null;
        var lookup = ngram > 0 ? new Source(new NgramDrafter(), ngram, false) : null;
        return (prediction, lookup) switch
        {
            (null, null) => null,
            (not null, null) => new(prediction),
            (null, not null) => new(lookup),
            _ => new(prediction, lookup), // who expects a text knows more than its repetitions say
        };
    }

    /// <summary>Drafts that wait to be computed or checked.</summary>
    public ReadOnlySpan<int> Drafts => _drafts.AsSpan(0, Count);

    /// <summary>Their number.</summary>
    public int Count { get; private set; }

    /// <summary>What became of all drafts that were computed.</summary>
    public DraftCounts Totals { get; private set; }

    /// <summary>Asks for drafts of the tokens to come.</summary>
    /// <param name="tokens">The sequence's.</param>
    /// <param name="most">No more than these are of use.</param>
    public void Propose(ReadOnlySpan<int> tokens, int most)
    {
        Count = 0;
        foreach (var source in _sources)
        {
            int wanted = Math.Min(most, source.Length.At(tokens.Length));
            if (wanted <= 0) continue;
            Count = source.Drafter.Propose(tokens, _drafts.AsSpan(0, wanted));
            _from = source;
            if (Count > 0) return;
        }
    }

    /// <summary>Notes how many drafts the step computed.</summary>
    public void Computed(int count) => (_computed, _accepted) = (count, 0);

    /// <summary>True where the sequence's next token is the next computed draft.</summary>
    public bool Accepts(int tokenId)
    {
        if (_accepted == _computed || _drafts[_accepted] != tokenId) return false;
        _accepted++;
        return true;
    }

    /// <summary>Forgets the step's drafts and learns from them.</summary>
    /// <param name="totalTokens">Tokens of the sequence now.</param>
    /// <returns>What became of them.</returns>
    public DraftCounts Settle(int totalTokens)
    {
        var counts = new DraftCounts(_computed, _accepted, _from is { IsPrediction: true } ? _computed : 0, _from is { IsPrediction: true } ? _accepted : 0);
        if (_computed > 0) _from!.Length.Learn(_computed, _accepted, totalTokens);
        Totals += counts;
        (Count, _computed, _accepted) = (0, 0, 0);
        return counts;
    }

    private sealed class Source(IDrafter drafter, int most, bool isPrediction)
    {
        public DraftLength Length = new(most);

        public IDrafter Drafter => drafter;

        public int Most => most;

        public bool IsPrediction => isPrediction;
    }
}

/// <summary>Draft tokens that were computed.</summary>
/// <param name="Proposed">All of them.</param>
/// <param name="Accepted">Those that the sampler chose.</param>
/// <param name="Predicted">Those that came from a predicted output.</param>
/// <param name="AcceptedPredicted">Those of them that the sampler chose.</param>
public readonly record struct DraftCounts(long Proposed, long Accepted, long Predicted, long AcceptedPredicted)
{
    /// <summary>The sum.</summary>
    public static DraftCounts operator +(DraftCounts a, DraftCounts b) =>
        new(a.Proposed + b.Proposed, a.Accepted + b.Accepted, a.Predicted + b.Predicted, a.AcceptedPredicted + b.AcceptedPredicted);
}
