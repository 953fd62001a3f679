using System.Diagnostics;

namespace Hearth.Inference;

/// <content>What must be true between any two calls.</content>
public sealed partial class Scheduler
{
    /// <summary>Checks that blocks, sequences and the last plan agree.</summary>
    /// <exception cref="InvalidOperationException">An invariant is broken.</exception>
    public void Verify()
    {
        _pool.Verify();
        foreach (var sequence in _running) VerifyRunning(sequence);
        foreach (var sequence in _waiting.All) Require(sequence is { State: SequenceState.Waiting, Blocks.Count: 0, ComputedTokens: 0 }, "a waiting sequence holds blocks");
        Require(_waiting.All.Count() == _waiting.Count, "the number of waiting sequences differs from their queues");
        Require(_running.Count <= _options.MaxSequences, "too many sequences run");
        VerifyHolders();
    }

    /// <summary>Checks that a plan stays within the budgets, and that nothing is written that somebody else reads: call between <see cref="Schedule"/> and <see cref="Commit"/>.</summary>
    /// <exception cref="InvalidOperationException">An invariant is broken.</exception>
    public void Verify(StepPlan plan)
    {
        Require(plan.Tokens <= _options.TokenBudget, "the plan has more tokens than the budget");
        Require(plan.Rows.Length <= _options.LogitRows, "the plan has more rows of logits than the budget");
        Require(plan.Sequences.Length == _planned.Count && _planned.Count == _running.Count, "a running sequence is not in the plan");
        foreach (var copy in plan.Copies) Require(copy.From != copy.To, "a block is copied onto itself");
        var written = new HashSet<int>();
        for (int i = 0; i < plan.Sequences.Length; i++)
        {
            var part = plan.Sequences[i];
            Require(part.Id == _planned[i].Id && part.Count > 0, "the plan and its sequences differ");
            var table = plan.BlockTable.Slice(part.TableStart, part.TableCount);
            Require(table.SequenceEqual(_planned[i].Blocks.Span), "the plan has other blocks than the sequence");
            Require(part.FirstPosition + part.Count <= part.TableCount * _pool.BlockSize, "a token has no block");
            for (int index = part.FirstPosition / _pool.BlockSize; index <= (part.FirstPosition + part.Count - 1) / _pool.BlockSize; index++)
            {
                Require(written.Add(table[index]) && _pool.Holders(table[index]) == 1, $"block {table[index]} is written, and somebody else holds it");
                Require(!_pool.IsPublished(table[index]), $"block {table[index]} is written, and it may be found");
            }
        }
    }

    private void VerifyRunning(Sequence sequence)
    {
        Require(sequence.State == SequenceState.Running, "a running sequence says it is not");
        Require(sequence.ComputedTokens < sequence.TotalTokens, "a running sequence has nothing to compute");
        Require(sequence.Blocks.Count * _pool.BlockSize >= sequence.ComputedTokens, "computed tokens without blocks");
        Require(sequence.Blocks.Published * _pool.BlockSize <= sequence.ComputedTokens, "a block is published before it is full");
        Require(sequence.Flow is { Live: > 0, Account.Live: > 0 }, "a running sequence is nobody's");
        for (int i = 0; i < sequence.Blocks.Published; i++)
        {
            // An equal block may have been there first; what is found under the hash is this content.
            bool found = _pool.TryFind(sequence.HashOf(i, _pool.BlockSize), out int block);
            Require(!_pool.IsPublished(sequence.Blocks[i]) || (found && block == sequence.Blocks[i]), $"block {sequence.Blocks[i]} is published under another content");
        }
    }

    private void VerifyHolders()
    {
        int[] holders = new int[_pool.Blocks];
        foreach (var sequence in _running)
            foreach (int block in sequence.Blocks.Span) holders[block]++;
        for (int block = 0; block < holders.Length; block++)
            Require(holders[block] == _pool.Holders(block), $"block {block} is held by {holders[block]} sequences, the pool counts {_pool.Holders(block)}");
        foreach (var account in _running.GroupBy(sequence => sequence.Flow!.Account))
            Require(account.Count() == account.Key.Running, "an account runs another number of sequences than it counts");
    }

    [Conditional("DEBUG")]
    private void VerifyInDebug() => Verify();

    [Conditional("DEBUG")]
    private void VerifyInDebug(StepPlan plan)
    {
        Verify();
        Verify(plan);
    }

    private static void Require(bool condition, string fault)
    {
        if (!condition) throw new InvalidOperationException($"Scheduler: {fault}.");
    }
}
