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
    [InlineData(null, null, null, null, "one", "other")]
    [InlineData(null, "key", null, "key", "one", "other")] // what a tenant is called says nothing outside of its account
    [InlineData(null, null, null, null, "one", null)]
    public void Prefixes_are_not_shared_across_adapters_tenants_or_accounts(
        string? addon, string? isolation, string? secondAddon, string? secondIsolation, string? account = null, string? secondAccount = null)
    {
        var loop = new StepLoop();
        int[] prompt = StepLoop.Prompt(20);
        loop.Add(prompt, addon: addon, isolation: isolation, account: account);
        loop.RunToEnd();
        var second = loop.Add(prompt, addon: secondAddon, isolation: secondIsolation, account: secondAccount);
        loop.RunToEnd();
        Assert.Equal(0, second.CachedTokens);
        Assert.Equal(loop.Model.Greedy(prompt, 4, secondAddon), loop.Completion(second));
    }

    [Fact]
    public void Prefixes_are_shared_within_an_adapter_and_tenant()
    {
        var loop = new StepLoop();
        int[] prompt = StepLoop.Prompt(20);
        loop.Add(prompt, addon: "adapter", isolation: "tenant", account: "account");
        loop.RunToEnd();
        var second = loop.Add(prompt, addon: "adapter", isolation: "tenant", account: "account");
        loop.RunToEnd();
        Assert.Equal(16, second.CachedTokens);
    }

    [Fact]
    public void The_block_unused_for_longest_is_evicted_first_and_tails_before_heads()
    {
        var pool = new BlockPool(4, 4);
        var root = new PrefixRoot("id", null, null, null, null).Hash;
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

    private static readonly PrefixRoot Root = new("fma-1", null, "adapter", "account", "key");

    public static TheoryData<PrefixRoot> OtherRoots =>
    [
        Root with { NumericsId = "portable-1" }, Root with { NumericsId = "" },
        Root with { RopeRegime = "long" }, Root with { RopeRegime = "" },
        Root with { AdapterHash = null }, Root with { AdapterHash = "" }, Root with { AdapterHash = "other" },
        Root with { Account = null }, Root with { Account = "" }, Root with { Account = "other" },
        Root with { IsolationKey = null }, Root with { IsolationKey = "" }, Root with { IsolationKey = "other" },
        Root with { Account = "accountk", IsolationKey = "ey" }, Root with { Account = "key", IsolationKey = "account" },
        Root with { AdapterHash = "account", Account = "adapter" }, Root with { RopeRegime = "adapter", AdapterHash = null },
    ];

    [Theory, MemberData(nameof(OtherRoots))]
    public void Every_part_of_a_root_separates(PrefixRoot other)
    {
        Assert.NotEqual(Root.Hash, other.Hash);
        // Through the scheduler, with equal tokens: what one computed the other does not find.
        var loop = new StepLoop();
        var options = new GenerationOptions { PromptTokenIds = StepLoop.Prompt(20), MaxTokens = 3, Sampling = SamplingOptions.Greedy };
        int[] cached = new int[3];
        foreach (var (i, root) in ((PrefixRoot[])[Root, other, Root]).Index())
        {
            var sequence = new Sequence(i, options, root: root);
            loop.Scheduler.Add(sequence);
            loop.RunToEnd();
            cached[i] = sequence.CachedTokens;
        }
        Assert.Equal([0, 0, 16], cached);
    }

    [Fact]
    public void A_request_carries_every_part_of_its_root()
    {
        var options = new GenerationOptions { PromptTokenIds = [1], Addon = new Addon("name", "adapter"), Account = "account", IsolationKey = "key" };
        Assert.Equal(Root with { RopeRegime = "long" }, options.PrefixRoot("fma-1", "long"));
    }

    [Fact]
    public void A_hash_covers_the_parent_the_tokens_and_what_is_no_text()
    {
        var root = Root.Hash;
        var first = root.Next([1, 2]);
        Assert.Equal(first, Root.Hash.Next([1, 2]));
        PrefixHash[] all =
        [
            root, first, root.Next([1, 3]), root.Next([2, 1]), first.Next([1, 2]), first.Next([3, 4]), root.Next([1, 3]).Next([3, 4]), root.Next([1, 2, 3, 4]),
            root.Next([1, 2], new PromptInput(0, "cat")), root.Next([1, 2], new PromptInput(1, "cat")), root.Next([1, 2], new PromptInput(0, "dog")),
            root.Next([1, 2], new PromptInput(0, "cat"), new PromptInput(1, "dog")), root.Next([1, 2], new PromptInput(0, "cat")).Next([3, 4]),
        ];
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [Theory]
    [InlineData(0, "dog", 0)] // another image in the first block
    [InlineData(9, "dog", 8)] // in the third: the two before it are the same
    [InlineData(10, "cat", 8)] // the same image elsewhere
    [InlineData(9, "cat", 16)]
    public void Images_with_other_content_do_not_share_what_comes_after_them(int position, string content, int cached)
    {
        var loop = new StepLoop();
        var options = new GenerationOptions { PromptTokenIds = StepLoop.Prompt(20), MaxTokens = 3, Sampling = SamplingOptions.Greedy, Inputs = [new(9, "cat")] };
        if (position < 9) options = options with { Inputs = [new(0, "cat")] };
        loop.Add(options);
        loop.RunToEnd();
        var second = loop.Add(options with { Inputs = [new(position, content)] });
        loop.RunToEnd();
        Assert.Equal(cached, second.CachedTokens);
    }
}
