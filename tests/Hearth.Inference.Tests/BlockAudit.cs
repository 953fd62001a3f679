namespace Hearth.Inference.Tests;

/// <summary>
/// Watches a scheduler and the contents of its blocks from outside, with books of its own: what a hash names, who may see it, and who gets on.
/// </summary>
internal sealed class BlockAudit(StepLoop loop)
{
    private readonly Dictionary<PrefixHash, (ulong[] Content, PrefixRoot Root)> _named = [];
    private readonly Dictionary<SequenceId, (int Computed, int Generated)> _farthest = [];
    private int _stepsWithoutProgress;

    /// <summary>To be called after each operation.</summary>
    public void Check()
    {
        loop.Scheduler.Verify();
        foreach (var sequence in loop.Scheduler.Planned) Name(sequence); // those that have ended in the step, too
        foreach (var sequence in loop.Scheduler.Running) CheckTable(sequence);
        foreach (var (hash, block) in loop.Pool.PublishedBlocks)
        {
            Assert.True(_named.TryGetValue(hash, out var named), $"block {block} is found under a hash that no sequence has published");
            Assert.Equal(named.Content, loop.Model.Content(block).ToArray());
        }
        foreach (var block in loop.Scheduler.Running.SelectMany(sequence => sequence.Blocks.Span.ToArray().Select(block => (block, Root: RootOf(sequence)))).GroupBy(pair => pair.block))
            Assert.Single(block.Select(pair => pair.Root).Distinct());
    }

    /// <summary>To be called after each step: within the length of the longest request somebody must get farther than ever before.</summary>
    public void CheckProgress(int longest)
    {
        bool anybody = false;
        foreach (var sequence in loop.Scheduler.Planned)
        {
            var before = _farthest.GetValueOrDefault(sequence.Id);
            var now = (Math.Max(before.Computed, sequence.ComputedTokens), Math.Max(before.Generated, sequence.CompletionTokens));
            anybody |= now != before;
            _farthest[sequence.Id] = now;
        }
        _stepsWithoutProgress = anybody ? 0 : _stepsWithoutProgress + 1;
        Assert.True(_stepsWithoutProgress <= longest, "steps go by, and nobody gets on");
    }

    // A hash stands for tokens, those before them, and a root: once and for all.
    private void Name(Sequence sequence)
    {
        int size = loop.Pool.BlockSize;
        var root = RootOf(sequence);
        for (int i = 0; (i + 1) * size <= sequence.TotalTokens; i++)
        {
            ulong[] content = HistoryModel.ContentOf(sequence.Tokens[..((i + 1) * size)], root.AdapterHash, size);
            if (_named.TryAdd(sequence.HashOf(i, size), (content, root))) continue;
            Assert.Equal(root, _named[sequence.HashOf(i, size)].Root);
            Assert.Equal(content, _named[sequence.HashOf(i, size)].Content);
        }
    }

    // The leading blocks of a sequence hold what its tokens say, whoever computed them. (What a sibling starts from is copied with the next plan.)
    private void CheckTable(Sequence sequence)
    {
        int size = loop.Pool.BlockSize;
        for (int i = 0; i < sequence.Blocks.Published; i++)
            Assert.Equal(HistoryModel.ContentOf(sequence.Tokens[..((i + 1) * size)], sequence.Options.Addon?.Hash, size), loop.Model.Content(sequence.Blocks[i]).ToArray());
    }

    private static PrefixRoot RootOf(Sequence sequence) => sequence.Options.PrefixRoot("", null);
}
