namespace Hearth.Inference.Tests;

/// <summary>
/// A fake model whose logits depend on everything before them, read back from a fake cache through the block table: each cache slot holds a hash of its
/// whole prefix, as real keys and values do. A block that is shared, copied, evicted or recomputed wrongly changes the answer.
/// </summary>
/// <param name="habit">Added to the logit of one token that depends on the last one alone: answers repeat themselves.</param>
internal sealed class HistoryModel(int vocabulary = 50, int blocks = 64, int blockSize = 4, int maxContext = 1024, float habit = 0) : IModelRunner
{
    private readonly ulong[] _slots = Enumerable.Repeat(ulong.MaxValue, blocks * blockSize).ToArray();

    public int VocabularySize => vocabulary;
    public int MaxContext => maxContext;
    public int Blocks => blocks;
    public int BlockSize => blockSize;

    /// <summary>The plans so far.</summary>
    public List<StepPlan> Plans { get; } = [];

    /// <summary>Called before each step.</summary>
    public Action<StepPlan>? OnForward { get; set; }

    /// <summary>What a block of the cache holds.</summary>
    public ReadOnlySpan<ulong> Content(int block) => _slots.AsSpan(block * blockSize, blockSize);

    /// <summary>What a block of the cache must hold where it is full of these tokens' last ones.</summary>
    public static ulong[] ContentOf(ReadOnlySpan<int> tokens, string? addon, int blockSize) => [.. States(tokens.ToArray(), addon).TakeLast(blockSize)];

    /// <summary>The ids that a greedy reader gets from the model itself, with their logprobs; no engine is involved.</summary>
    public List<ScoredToken> Greedy(IReadOnlyList<int> prompt, int count, string? addon = null)
    {
        var tokens = prompt.ToList();
        var result = new List<ScoredToken>();
        var logits = new float[vocabulary];
        for (int i = 0; i < count; i++)
        {
            WriteLogits(States(tokens, addon), tokens[^1], logits);
            int best = Array.IndexOf(logits, logits.Max());
            var (max, logSum) = Softmax.LogSumExp(logits);
            result.Add(new(best, logits[best] - max - logSum));
            tokens.Add(best);
        }
        return result;
    }

    /// <summary>The logprob of a token after others, from the model itself.</summary>
    public float Score(IReadOnlyList<int> before, int token)
    {
        var logits = new float[vocabulary];
        WriteLogits(States(before, null), before[^1], logits);
        var (max, logSum) = Softmax.LogSumExp(logits);
        return logits[token] - max - logSum;
    }

    public void Forward(StepPlan plan, Span<float> logits)
    {
        OnForward?.Invoke(plan);
        Plans.Add(plan.Copy());
        foreach (var copy in plan.Copies) _slots.AsSpan(copy.From * blockSize, blockSize).CopyTo(_slots.AsSpan(copy.To * blockSize));
        foreach (var part in plan.Sequences)
            for (int t = 0; t < part.Count; t++)
            {
                int position = plan.Positions[part.FirstRow + t];
                ulong before = position == 0 ? Root(part.Addon?.Hash) : Slot(plan, part, position - 1);
                Slot(plan, part, position) = Next(before, plan.TokenIds[part.FirstRow + t]);
            }
        for (int r = 0; r < plan.Rows.Length; r++)
        {
            var part = plan.Sequences[plan.Rows[r].SequenceIndex];
            var states = new List<ulong>();
            for (int position = 0; position <= plan.Rows[r].Position; position++) states.Add(Slot(plan, part, position));
            WriteLogits(states, plan.TokenIds[plan.Rows[r].Row], logits.Slice(r * vocabulary, vocabulary));
        }
    }

    public void Dispose() { }

    private ref ulong Slot(StepPlan plan, ScheduledSequence part, int position)
    {
        Assert.InRange(position / blockSize, 0, part.TableCount - 1);
        return ref _slots[plan.BlockTable[part.TableStart + position / blockSize] * blockSize + position % blockSize];
    }

    private static List<ulong> States(IReadOnlyList<int> tokens, string? addon)
    {
        var states = new List<ulong>();
        ulong state = Root(addon);
        foreach (int token in tokens) states.Add(state = Next(state, token));
        return states;
    }

    private void WriteLogits(List<ulong> states, int last, Span<float> logits)
    {
        ulong all = 0;
        foreach (ulong state in states) all = Mix(all ^ state);
        for (int id = 0; id < logits.Length; id++) logits[id] = (Mix(all + (ulong)id) >> 40) * (10f / (1 << 24)) - 5;
        logits[(last * 3 + 1) % logits.Length] += habit;
    }

    private static ulong Root(string? addon) => (addon ?? "").Aggregate(17UL, (hash, c) => Mix(hash ^ c));

    private static ulong Next(ulong state, int token) => Mix(state * 31 + (ulong)token + 1);

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
