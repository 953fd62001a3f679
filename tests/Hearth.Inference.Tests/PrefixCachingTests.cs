namespace Hearth.Inference.Tests;

public sealed class PrefixCachingTests
{
    [Fact]
    public void A_freed_prefix_is_reused_until_it_is_evicted()
    {
        var loop = new StepLoop(model: new HistoryModel(blocks: 8));
        int[] prompt = StepLoop.Prompt(12);
        loop.Add(prompt, maxTokens: 1);
        loop.RunToEnd();
        Assert.Equal(3, loop.Pool.Cached);

        var second = loop.Add([.. prompt, 49], maxTokens: 1);
        var (plan, _) = loop.Step();
        Assert.Equal(12, second.CachedTokens);
        Assert.Equal(0, plan.BlockTable[0]); // the very blocks that the first sequence filled
        Assert.Equal(1, plan.Tokens);

        loop.Add(StepLoop.Prompt(29, 31), maxTokens: 3); // needs all 8 blocks
        loop.RunToEnd();
        var third = loop.Add(prompt, maxTokens: 1);
        loop.RunToEnd();
        Assert.Equal(0, third.CachedTokens);
    }

    [Fact]
    public void The_last_prompt_token_is_always_computed()
    {
        var loop = new StepLoop();
        int[] prompt = StepLoop.Prompt(8); // exactly two blocks
        loop.Add(prompt);
        loop.RunToEnd();
        var again = loop.Add(prompt);
        loop.RunToEnd();
        Assert.Equal(4, again.CachedTokens);
    }

    [Fact]
    public void A_completion_is_a_prefix_of_the_next_turn()
    {
        var loop = new StepLoop();
        int[] prompt = StepLoop.Prompt(6);
        var first = loop.Add(prompt, maxTokens: 7);
        loop.RunToEnd();
        var second = loop.Add([.. first.Tokens, 1, 2, 3]);
        loop.RunToEnd();
        Assert.Equal(12, second.CachedTokens); // 13 tokens, the last of which was sampled but never computed
        Assert.Equal(loop.Model.Greedy(second.Options.PromptTokenIds, 4), loop.Completion(second));
    }

    [Theory]
    [InlineData(null, "tenant", null, null)]
    [InlineData("adapter", null, null, null)]
    [InlineData("adapter", null, "other", null)]
    [InlineData(null, "a", "a", null)] // an adapter named like a tenant
    public void Prefixes_are_not_shared_across_adapters_or_tenants(string? addon, string? isolation, string? secondAddon, string? secondIsolation)
    {
        var loop = new StepLoop();
        int[] prompt = StepLoop.Prompt(20);
        loop.Add(prompt, addon: addon, isolation: isolation);
        loop.RunToEnd();
        var second = loop.Add(prompt, addon: secondAddon, isolation: secondIsolation);
        loop.RunToEnd();
        Assert.Equal(0, second.CachedTokens);
        Assert.Equal(loop.Model.Greedy(prompt, 4, secondAddon), loop.Completion(second));
    }

    [Fact]
    public void Prefixes_are_shared_within_an_adapter_and_tenant()
    {
        var loop = new StepLoop();
        int[] prompt = StepLoop.Prompt(20);
        loop.Add(prompt, addon: "adapter", isolation: "tenant");
        loop.RunToEnd();
        var second = loop.Add(prompt, addon: "adapter", isolation: "tenant");
        loop.RunToEnd();
        Assert.Equal(16, second.CachedTokens);
    }

    [Fact]
    public void The_block_unused_for_longest_is_evicted_first_and_tails_before_heads()
    {
        var pool = new BlockPool(4, 4);
        var root = PrefixHash.Root("id", null, null);
        var table = new BlockTable();
        Assert.True(table.TryGrow(pool, 12));
        var hash = root;
        var hashes = new List<PrefixHash>();
        for (int i = 0; i < 3; i++)
        {
            hashes.Add(hash = hash.Next([i, i, i, i]));
            table.PublishNext(pool, hash);
        }
        table.Clear(pool);
        Assert.Equal((4, 3), (pool.Available, pool.Cached));
        Assert.True(pool.TryTake(out _)); // the free one
        Assert.Equal(0, pool.Evictions);
        for (int expected = 2; expected >= 0; expected--)
        {
            Assert.True(pool.TryFind(hashes[expected], out _));
            Assert.True(pool.TryTake(out _));
            Assert.False(pool.TryFind(hashes[expected], out _));
            pool.Verify();
        }
        Assert.False(pool.TryTake(out _));
    }

    [Fact]
    public void A_hash_covers_the_parent_and_the_root()
    {
        var a = PrefixHash.Root("id", "a", null);
        var b = PrefixHash.Root("id", "b", null);
        Assert.NotEqual(a, b);
        Assert.NotEqual(a.Next([1, 2]), b.Next([1, 2]));
        Assert.NotEqual(a.Next([1, 2]).Next([3, 4]), a.Next([1, 3]).Next([3, 4]));
        Assert.NotEqual(PrefixHash.Root("id", "a", "bc"), PrefixHash.Root("id", "ab", "c"));
        Assert.NotEqual(PrefixHash.Root("id", "", null), PrefixHash.Root("id", null, null));
        Assert.NotEqual(PrefixHash.Root("fma-1", null, null), PrefixHash.Root("portable-1", null, null));
        Assert.Equal(a.Next([1, 2]), PrefixHash.Root("id", "a", null).Next([1, 2]));
    }
}
