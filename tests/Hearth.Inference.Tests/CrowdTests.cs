namespace Hearth.Inference.Tests;

public sealed class CrowdTests
{
    private static readonly int[] Callers = [20, 11, 11, 11, 11];
    private static readonly Addon?[] Addons = [null, new("x", "x"), new("y", "y"), new("z", "z")];

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task Requests_of_five_accounts_get_their_own_answers_and_equal_shares(int seed)
    {
        // Sixty-four callers with four requests each; accounts ask for different things in different numbers. The cache has room for a few sequences.
        var random = new Rng((ulong)seed);
        var asked = Callers.SelectMany((count, account) => Enumerable.Range(0, 4 * count).Select(_ => RandomRequest(random, account))).OrderBy(_ => random.Below(1 << 20)).ToArray();
        var model = new HistoryModel(blocks: 40);
        var service = new ServiceBook();
        model.OnForward = service.Take;
        using var engine = new Engine(model, new() { Scheduler = new() { TokenBudget = 24, MaxSequences = 10, LogitRows = 16 } });
        using var gate = new ManualResetEventSlim();
        engine.Post(gate.Wait);
        var handles = asked.Select(options => service.Submit(engine, options)).ToArray();
        gate.Set();
        for (int i = 0; i < asked.Length; i++)
        {
            var answer = new List<ScoredToken>();
            await foreach (var step in handles[i]) answer.Add(new(step.TokenId!.Value, step.Logprob));
            Assert.Equal(model.Greedy(asked[i].PromptTokenIds, asked[i].MaxTokens!.Value, asked[i].Addon?.Hash), answer);
        }
        engine.Dispose();

        Assert.True(engine.Metrics.CachedTokens > 0 && engine.Metrics.Preemptions > 0);
        Assert.Equal(40, engine.Metrics.FreeBlocks);
        var shares = service.WhileAllWaited;
        double mean = shares.Values.Average();
        Assert.Equal(5, shares.Count);
        Assert.True(mean > 500, $"all waited for {mean} tokens only");
        Assert.All(shares, one => Assert.InRange(one.Value / mean, 0.9, 1.1));
    }

    private static GenerationOptions RandomRequest(Rng random, int account) => new()
    {
        PromptTokenIds = [.. StepLoop.Prompt(6 + 4 * account, 3 * account), .. StepLoop.Prompt(random.Between(1, 12), random.Below(40))],
        MaxTokens = random.Between(6, 22 - 3 * account),
        Account = $"account {account}",
        Addon = Addons[random.Below(Addons.Length)],
        Sampling = SamplingOptions.Greedy,
    };

    /// <summary>Who got what, from the plans; the scheduler's own counters are not asked.</summary>
    private sealed class ServiceBook
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<long, string> _accounts = [];
        private readonly Dictionary<long, int> _computed = [];
        private readonly HashSet<long> _waiting = [];
        private bool _isOver;

        /// <summary>Tokens computed for the first time, and generated, by account, as long as each account had requests that waited.</summary>
        public Dictionary<string, int> WhileAllWaited { get; } = [];

        public GenerationHandle Submit(Engine engine, GenerationOptions options)
        {
            lock (_lock)
            {
                var handle = engine.Submit(options);
                _accounts.Add(handle.Id, options.Account!);
                _waiting.Add(handle.Id);
                return handle;
            }
        }

        public void Take(StepPlan plan)
        {
            lock (_lock)
            {
                foreach (var part in plan.Sequences)
                {
                    long request = part.Id.Request;
                    int before = _computed.GetValueOrDefault(request), now = Math.Max(before, part.FirstPosition + part.Count);
                    // What the prefix cache had was not computed.
                    int tokens = now - Math.Max(before, Math.Min(now, part.FirstPosition)) + part.LogitRows;
                    _computed[request] = now;
                    _waiting.Remove(request);
                    if (!_isOver) WhileAllWaited[_accounts[request]] = WhileAllWaited.GetValueOrDefault(_accounts[request]) + tokens;
                }
                _isOver |= _waiting.Select(request => _accounts[request]).Distinct().Count() < Callers.Length;
            }
        }
    }
}
