using Hearth.Models;
using Hearth.Numerics;

namespace Hearth.Inference.Tests;

/// <summary>
/// docs/exactness.md: tokens, raw and sampling logprobs, alternatives and prompt logprobs have equal bits alone, in a crowd, in chunks of any size, after preemption,
/// after a prefix hit, with any number of threads and either instruction set. The reference is each prompt alone, uncached, in one chunk.
/// </summary>
[Trait("Category", "Fixtures"), Collection(nameof(ExactnessTests))]
public sealed class ExactnessTests
{
    private const int Vocabulary = 250; // of the fixtures' 280 or so: ids in range for all of them

    // Around the attention tile and cache block of 64.
    private static readonly int[] Lengths = [1, 2, 15, 17, 63, 64, 65, 127, 129, 150, 200];

    public static TheoryData<string> Names => new(FixtureModel.Names());

    /// <summary>Plain attention, grouped queries with norms, a sliding window, experts.</summary>
    public static TheoryData<string> Some => new(SomeNames());

    public static TheoryData<string, int> Chunks
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (string name in SomeNames())
                foreach (int chunk in (int[])[1, 5, 37, 63, 64, 65]) data.Add(name, chunk);
            return data;
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_crowd_changes_no_bit(string name)
    {
        var requests = Requests(64);
        var expected = await Alone(name, requests);
        var crowded = await Run(name, requests, new() { TokenBudget = 300, MaxSequences = 64, LogitRows = 128 }, cacheTokens: 64 * 320);
        RequireEqual(expected, crowded);
    }

    [Theory, MemberData(nameof(Chunks))]
    public async Task Chunks_of_any_size_change_no_bit(string name, int chunk)
    {
        var requests = Requests(8);
        var expected = await Alone(name, requests);
        RequireEqual(expected, await Run(name, requests, new() { MaxChunk = chunk }));
    }

    [Theory, MemberData(nameof(Some))]
    public async Task Preemption_changes_no_bit(string name)
    {
        // A block holds 64 positions: long completions in a cache for a third of them.
        var requests = Requests(12).Select(request => request with { MaxTokens = 130 }).ToArray();
        var expected = await Alone(name, requests);
        using var engine = new Engine(FixtureModel.LoadLong(name, new() { CacheTokens = 16 * 64, Threads = 2 }));
        RequireEqual(expected, await Run(engine, requests));
        engine.Dispose();
        Assert.True(engine.Metrics.Preemptions > 0);
    }

    [Theory, MemberData(nameof(Some))]
    public async Task Prefix_hits_change_no_bit(string name)
    {
        var requests = Requests(12);
        var expected = await Alone(name, requests);
        using var engine = new Engine(FixtureModel.LoadLong(name, new() { CacheTokens = 16384, Threads = 2 }));
        await Run(engine, requests);
        RequireEqual(expected, await Run(engine, requests));
        engine.Dispose();
        Assert.True(engine.Metrics.CachedTokens > 0);
    }

    public static TheoryData<string, int, string> Machines
    {
        get
        {
            var data = new TheoryData<string, int, string> { { "llama-tied", 1, "avx2" }, { "llama-tied", 2, "avx2" }, { "llama-tied", 3, "avx512" }, { "llama-tied", 1, "avx512" } };
            foreach (string name in SomeNames().Where(name => name.StartsWith("qwen3", StringComparison.Ordinal)))
            {
                data.Add(name, 1, "avx2");
                data.Add(name, 2, "avx512");
            }
            return data;
        }
    }

    /// <summary>Models with adapters of attention, of dense layers and of experts in either layout of PEFT's.</summary>
    public static TheoryData<string, string> Adapters
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string name in SomeNames().Where(name => name.StartsWith("qwen3", StringComparison.Ordinal)))
                foreach (string folder in Directory.GetDirectories(FixtureModel.Folder(name), "adapter*").Order(StringComparer.Ordinal)) data.Add(name, Path.GetFileName(folder));
            return data;
        }
    }

    [Theory, MemberData(nameof(Machines))]
    public async Task Threads_and_instruction_sets_change_no_bit(string name, int threads, string simd)
    {
        var level = Enum.Parse<SimdLevel>(simd, ignoreCase: true);
        if (level > Simd.Widest) level = Simd.Widest; // what this processor lacks, another one tests
        if (level == SimdLevel.Portable) return;
        var requests = Requests(12);
        var expected = await Alone(name, requests);
        using (Simd.Force(level))
        {
            using var engine = new Engine(FixtureModel.LoadLong(name, new() { CacheTokens = 16384, Threads = threads }));
            RequireEqual(expected, await Run(engine, requests));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Speculation_changes_no_bit(string name)
    {
        var requests = Requests(12).Select(request => request with { MaxTokens = 40 }).ToArray();
        var expected = await Alone(name, requests);
        using var engine = new Engine(FixtureModel.LoadLong(name, new() { CacheTokens = 16384, Threads = 2 }));
        var random = new Rng(3);
        // What the model says, with a few errors; one after the other and all together.
        var predicted = requests.Select((request, i) => request with
        {
            PredictedTokenIds = [.. Ids(expected[i]).Select(id => random.Below(8) == 0 ? random.Below(Vocabulary) : id)],
            NgramDrafts = 6,
        }).ToArray();
        for (int i = 0; i < predicted.Length; i++) Assert.Equal(expected[i], (await Run(engine, [predicted[i]]))[0]);
        var alone = engine.Metrics.Drafts;
        engine.ClearPrefixCache();
        RequireEqual(expected, await Run(engine, predicted));
        engine.Dispose();
        Assert.True(alone.Accepted > 100 && alone.Proposed > alone.Accepted, $"drafts were right and wrong: {alone}");

        static IEnumerable<int> Ids(string description) => description[(description.IndexOf('|') + 2)..].Split(' ').Select(token => int.Parse(token[..token.IndexOf(':')]));
    }

    [Fact]
    public async Task Choices_that_share_a_prompt_equal_choices_of_their_own()
    {
        var request = Requests(11)[9] with { Choices = 5, MaxTokens = 80, Sampling = new() { Temperature = 1.2, Seed = 7 }, PromptLogprobs = false };
        using var sharing = new Engine(FixtureModel.LoadLong("llama-tied", new() { CacheTokens = 16384, Threads = 2 }));
        using var recomputing = new Engine(FixtureModel.LoadLong("llama-tied", new() { CacheTokens = 16384, Threads = 1 }),
            new() { Scheduler = new() { MaxSequences = 1, PrefixCaching = false } });
        var expected = await recomputing.GenerateAsync(request);
        var shared = await sharing.GenerateAsync(request);
        for (int choice = 0; choice < 5; choice++) Assert.Equal(Describe(expected[choice].Steps), Describe(shared[choice].Steps));
        Assert.Equal(5, expected.Select(completion => string.Join(' ', completion.TokenIds)).Distinct().Count());
    }

    [Theory, MemberData(nameof(Adapters))]
    public async Task Adapters_and_base_in_one_batch_change_no_bit(string name, string adapter)
    {
        var runner = FixtureModel.LoadLong(name, new() { CacheTokens = 16384, Threads = 2 });
        var addon = Addon.Load("adapter", Path.Combine(FixtureModel.Folder(name), adapter), runner.Configuration);
        using var engine = new Engine(runner);
        var requests = Requests(24).Select((request, i) => request with { Addon = i % 3 == 0 ? addon : null }).ToArray();
        var alone = new List<string>();
        foreach (var request in requests)
        {
            engine.ClearPrefixCache();
            alone.Add((await Run(engine, [request]))[0]);
        }
        engine.ClearPrefixCache();
        RequireEqual(alone, await Run(engine, requests));
        Assert.NotEqual(alone[0], (await Run(engine, [requests[0] with { Addon = null }]))[0]);
    }

    private static IEnumerable<string> SomeNames() => FixtureModel.Names().Where(name => name is "llama-tied" or "qwen3" or "mistral" or "qwen3-moe");

    // Greedy and sampled, with prompt logprobs or without.
    private static GenerationOptions[] Requests(int count)
    {
        var random = new Rng(99);
        return [.. Enumerable.Range(0, count).Select(i => new GenerationOptions
        {
            PromptTokenIds = [.. Enumerable.Range(0, Lengths[i % Lengths.Length]).Select(_ => random.Below(Vocabulary))],
            MaxTokens = 6 + i % 5,
            TopLogprobs = 3,
            PromptLogprobs = i % 4 == 1,
            Sampling = (i % 6) switch
            {
                1 or 5 => new() { Temperature = 0.9, TopP = 0.95, TopK = 40, RepetitionPenalty = 1.1, Seed = (ulong)i },
                3 => new() { Temperature = 1.1, TypicalP = 0.9, MirostatTarget = 4, Seed = (ulong)i },
                _ => SamplingOptions.Greedy,
            },
        })];
    }

    // The tests of this class run one after the other and share most of their requests.
    private static readonly Dictionary<string, string> Known = [];

    private static async Task<List<string>> Alone(string name, GenerationOptions[] requests)
    {
        using var engine = new Engine(FixtureModel.LoadLong(name, new() { CacheTokens = 1024, Threads = 1 }),
            new() { Scheduler = new() { MaxSequences = 1, PrefixCaching = false, LogitRows = 512 } });
        var results = new List<string>();
        for (int i = 0; i < requests.Length; i++)
        {
            string key = $"{name} {i} {requests[i].MaxTokens}";
            if (!Known.TryGetValue(key, out string? result)) Known[key] = result = (await Run(engine, [requests[i]]))[0];
            results.Add(result);
        }
        return results;
    }

    private static async Task<List<string>> Run(string name, GenerationOptions[] requests, SchedulerOptions scheduler, int cacheTokens = 16384)
    {
        using var engine = new Engine(FixtureModel.LoadLong(name, new() { CacheTokens = cacheTokens, Threads = 2 }), new() { Scheduler = scheduler });
        return await Run(engine, requests);
    }

    private static async Task<List<string>> Run(Engine engine, GenerationOptions[] requests)
    {
        var handles = requests.Select(request => engine.Submit(request)).ToArray();
        return [.. await Task.WhenAll(handles.Select(async handle =>
        {
            var steps = new List<TokenStep>();
            await foreach (var step in handle) steps.Add(step);
            var prompt = await handle.PromptTokens;
            return string.Join(' ', prompt.Select(token => $"{token.TokenId}:{Bits(token.Logprob ?? 0)}{Describe(token.Top)}")) + " | " + Describe(steps);
        }))];
    }

    private static void RequireEqual(List<string> expected, List<string> actual)
    {
        for (int i = 0; i < expected.Count; i++) Assert.True(expected[i] == actual[i], $"request {i} differs:\n{expected[i]}\n{actual[i]}");
    }

    private static string Describe(IReadOnlyList<TokenStep> steps) =>
        string.Join(' ', steps.Select(step => $"{step.TokenId}:{Bits(step.Logprob)}/{Bits(step.SamplingLogprob)}{Describe(step.Top)}"));

    private static string Describe(IReadOnlyList<ScoredToken> top) => string.Concat(top.Select(token => $",{token.TokenId}={Bits(token.Logprob)}/{Bits(token.SamplingLogprob)}"));

    private static string Bits(float value) => BitConverter.SingleToUInt32Bits(value).ToString("x8");
}

/// <summary>Forcing an instruction set is process-wide: nothing runs beside it.</summary>
[CollectionDefinition(nameof(ExactnessTests), DisableParallelization = true)]
public sealed class ExactnessCollection;
