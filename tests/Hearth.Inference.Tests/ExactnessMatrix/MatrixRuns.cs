using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Hearth.Models;
using Hearth.Numerics;

namespace Hearth.Inference.Tests;

/// <summary>The same requests under every condition that must not change a bit; each answer is one hash of tokens, logprobs and prompt logprobs.</summary>
internal sealed class MatrixRuns(string path, int requests)
{
    /// <summary>Widths and thread counts of this machine.</summary>
    public static IEnumerable<(SimdLevel Level, int Threads)> Machines()
    {
        foreach (var level in new[] { SimdLevel.Avx2, SimdLevel.Avx512 })
            if (level <= Simd.Widest)
                foreach (var threads in new[] { 1, 2 }) yield return (level, threads);
    }

    /// <summary>Conditions by name.</summary>
    public static readonly string[] Conditions = ["crowd", "chunks of 1", "chunks of 7", "chunks of 65", "preempted", "prefix hit"];

    // Around the attention tile and cache block of 64.
    private static readonly int[] Lengths = [1, 2, 15, 16, 17, 31, 63, 64, 65, 127, 129];
    private readonly GenerationOptions[] _requests = Requests(requests);

    /// <summary>Each request by itself: one thread, the narrower width, the prompt in one piece, no cached prefix.</summary>
    public List<string> Alone() => Run(SimdLevel.Avx2, 1, new() { MaxSequences = 1, PrefixCaching = false, LogitRows = 256 }, 4096, (engine, list) =>
    {
        foreach (var request in _requests) list.AddRange(Ask(engine, [request]));
    });

    /// <summary>All requests under a condition.</summary>
    public List<string> Under(string condition, SimdLevel level, int threads) => condition switch
    {
        "crowd" => Together(level, threads, new() { MaxSequences = 64, LogitRows = 128 }),
        "chunks of 1" => Together(level, threads, new() { MaxChunk = 1 }),
        "chunks of 7" => Together(level, threads, new() { MaxChunk = 7 }),
        "chunks of 65" => Together(level, threads, new() { MaxChunk = 65 }),
        // Sequences of up to 140 positions, three blocks each, in seven blocks.
        "preempted" => Together(level, threads, new() { MaxSequences = 8, LogitRows = 128, PrefixCaching = false }, cacheTokens: 7 * 64, metrics => Assert.True(metrics.Preemptions > 0)),
        "prefix hit" => Run(level, threads, new(), 32768, (engine, list) =>
        {
            Ask(engine, _requests);
            list.AddRange(Ask(engine, _requests));
        }, metrics => Assert.True(metrics.CachedTokens > 0)),
        _ => throw new ArgumentException($"'{condition}' is no condition.", nameof(condition)),
    };

    private List<string> Together(SimdLevel level, int threads, SchedulerOptions scheduler, int cacheTokens = 32768, Action<EngineMetrics>? check = null) =>
        Run(level, threads, scheduler, cacheTokens, (engine, list) => list.AddRange(Ask(engine, _requests)), check);

    private List<string> Run(SimdLevel level, int threads, SchedulerOptions scheduler, int cacheTokens, Action<Engine, List<string>> ask, Action<EngineMetrics>? check = null)
    {
        using var forced = Simd.Force(level);
        using var files = ModelFiles.Open(path);
        using var engine = new Engine(ModelRunner.Load(files, new() { CacheTokens = cacheTokens, Threads = threads }), new() { Scheduler = scheduler });
        var answers = new List<string>();
        ask(engine, answers);
        engine.Dispose();
        check?.Invoke(engine.Metrics);
        return answers;
    }

    private static string[] Ask(Engine engine, GenerationOptions[] requests)
    {
        var handles = requests.Select(request => engine.Submit(request)).ToArray();
        return Task.WhenAll(handles.Select(AnswerAsync)).GetAwaiter().GetResult();
    }

    private static async Task<string> AnswerAsync(GenerationHandle handle)
    {
        var bits = new List<int>();
        await foreach (var step in handle) bits.AddRange([step.TokenId ?? -1, Bits(step.Logprob), Bits(step.SamplingLogprob), .. step.Top.SelectMany(Describe)]);
        foreach (var token in await handle.PromptTokens) bits.AddRange([token.TokenId, Bits(token.Logprob ?? 0), .. token.Top.SelectMany(Describe)]);
        return Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<int>(CollectionsMarshal.AsSpan(bits))));
    }

    private static int[] Describe(ScoredToken token) => [token.TokenId, Bits(token.Logprob)];

    private static int Bits(float value) => BitConverter.SingleToInt32Bits(value);

    // Greedy mostly, some drawn; every eighth with its prompt's logprobs.
    private static GenerationOptions[] Requests(int count)
    {
        var random = new Rng(5);
        return [.. Enumerable.Range(0, count).Select(i => new GenerationOptions
        {
            PromptTokenIds = [.. Enumerable.Range(0, Lengths[i % Lengths.Length]).Select(_ => random.Below(1200))],
            MaxTokens = 4 + (i % 8),
            TopLogprobs = 2,
            PromptLogprobs = i % 8 == 3,
            Sampling = i % 4 == 2 ? new() { Temperature = 0.9, TopP = 0.95, Seed = (ulong)i } : SamplingOptions.Greedy,
        })];
    }
}
