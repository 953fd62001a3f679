namespace Hearth.Inference;

/// <content>What becomes of a step's results.</content>
public sealed partial class Scheduler
{
    private readonly List<SequenceOutput> _outputs = [];

    /// <summary>Books what a step computed: publishes full blocks, appends tokens, splits choices off, frees what has ended.</summary>
    /// <param name="plan">The plan that was computed, the last one that <see cref="Schedule"/> returned.</param>
    /// <param name="samples">What its rows gave, in order.</param>
    /// <returns>What is new, to be streamed; holds until the next call.</returns>
    public List<SequenceOutput> Commit(StepPlan plan, ReadOnlySpan<SampledToken> samples)
    {
        _outputs.Clear();
        for (int i = 0; i < _planned.Count; i++)
        {
            _planned[i].Advance(plan.Sequences[i].Count);
            PublishFullBlocks(_planned[i]);
        }
        foreach (var row in plan.Rows)
        {
            var sequence = _planned[row.SequenceIndex];
            if (row.Choices == 0) _outputs.Add(new(sequence, IsPrompt: true, row.Position + 1, samples[row.FirstSample], null));
            else if (sequence is { State: SequenceState.Running, PendingTokens: 0 }) CommitChoices(sequence, samples.Slice(row.FirstSample, row.Choices));
        }
        foreach (var sequence in _planned)
        {
            Drafts += sequence.SettleDrafts();
            EndIfScored(sequence);
        }
        VerifyInDebug();
        return _outputs;
    }

    // Only a prompt to score, and it is scored.
    private void EndIfScored(Sequence sequence)
    {
        if (sequence is not { MaxTokens: 0, PendingTokens: 0 }) return;
        Remove(sequence, FinishReason.Length);
        _outputs.Add(new(sequence, IsPrompt: false, 0, null, FinishReason.Length));
    }

    private void PublishFullBlocks(Sequence sequence)
    {
        if (!_options.PrefixCaching) return;
        while ((sequence.Blocks.Published + 1) * _pool.BlockSize <= sequence.ComputedTokens)
            sequence.Blocks.PublishNext(_pool, sequence.HashOf(sequence.Blocks.Published, _pool.BlockSize));
    }

    private void CommitChoices(Sequence sequence, ReadOnlySpan<SampledToken> samples)
    {
        // Siblings first: they start from the blocks of this sequence, which may end with its own token.
        for (int i = 1; i < samples.Length; i++)
        {
            var sibling = sequence.Split(choice: i);
            _waiting.Enter(sibling);
            CommitToken(sibling, samples[i]);
            if (sibling.State != SequenceState.Finished && !TryStartFrom(sequence, sibling)) Wait(sibling);
        }
        CommitToken(sequence, samples[0]);
    }

    private void CommitToken(Sequence sequence, in SampledToken token)
    {
        int index = sequence.CompletionTokens, computed = sequence.ComputedTokens;
        var finish = token.IsFault ? FinishReason.Error : sequence.Append(token);
        sequence.Flow!.Charge(1 + sequence.ComputedTokens - computed); // a draft costs when it has become a token
        if (sequence.State == SequenceState.Running) PublishFullBlocks(sequence); // an accepted draft may have filled one
        _outputs.Add(new(sequence, IsPrompt: false, index, token.IsFault ? null : token, finish));
        if (finish is { } reason) Remove(sequence, reason);
    }

    // Full blocks of the prompt are shared. The last one, where it is not full, will be written by both: it is copied.
    private bool TryStartFrom(Sequence source, Sequence sibling)
    {
        if (_running.Count >= _options.MaxSequences) return false;
        int prompt = source.PromptTokens, full = prompt / _pool.BlockSize;
        int copy = -1;
        if (prompt % _pool.BlockSize != 0 && !_pool.TryTake(out copy)) return false;
        for (int i = 0; i < full; i++) sibling.Blocks.Share(_pool, source.Blocks[i]);
        if (copy >= 0)
        {
            sibling.Blocks.Add(copy);
            _copies.Add(new(source.Blocks[full], copy));
        }
        sibling.StartFromSibling(prompt);
        Run(sibling);
        return true;
    }
}

/// <summary>Something new about a sequence.</summary>
/// <param name="Sequence">The sequence.</param>
/// <param name="IsPrompt">True: the token is one of the prompt, scored. False: it was generated.</param>
/// <param name="Index">Position in the prompt, or in the completion.</param>
/// <param name="Token">The token, or null where the sequence ended without one.</param>
/// <param name="FinishReason">Set on the last output of a sequence.</param>
public readonly record struct SequenceOutput(Sequence Sequence, bool IsPrompt, int Index, SampledToken? Token, FinishReason? FinishReason);
