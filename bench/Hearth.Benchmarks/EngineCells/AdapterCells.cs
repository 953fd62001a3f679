using Hearth.Inference;
using Hearth.Models;

namespace Hearth.Benchmarks;

/// <summary>Sequences with adapters against the same ones without, on f16 and q8_0 weights; one adapter for all, as a deployment of it serves; loading one.</summary>
internal static class AdapterCells
{
    private const int Prompt = 16, Tokens = 32, LongPrompt = 512, LongCompletion = 128;
    private const int Rank = 16, MergedRank = 8; // what jobs train unless told otherwise

    public static string[] Names { get; } = ["adapters8", "adapters32", "adapters8-q8_0", "adapters32-q8_0", "livemerge-prefill", "livemerge-decode", "adapter-load"];

    public static void Run(Report report)
    {
        InBatch(report, RandomGguf.GgufType.F16, "");
        InBatch(report, RandomGguf.GgufType.Q8_0, "-q8_0");
        if (report.Wants("livemerge-prefill") || report.Wants("livemerge-decode")) LiveMerge(report);
        if (report.Wants("adapter-load")) Load(report);
    }

    private static void InBatch(Report report, RandomGguf.GgufType type, string suffix)
    {
        if (!report.Wants("adapters8" + suffix) && !report.Wants("adapters32" + suffix)) return;
        using var ours = new EngineSide(RandomGguf.Path(type), cacheTokens: 4096);
        using var addons = new RandomAdapters(ours.Configuration, count: 8, Rank);
        foreach (var (cell, sequences) in ((string, int)[])[("adapters8", 8), ("adapters32", 32)])
        {
            if (!report.Wants(cell + suffix)) continue;
            var turns = Turns.Run(5, null, () => ours.Decode(sequences, Prompt, Tokens, addons.All), () => ours.Decode(sequences, Prompt, Tokens));
            int tokens = sequences * Tokens;
            report.AddRate(cell + suffix, tokens / turns.Ours, tokens / turns.Peer, "tokens/s", $"our own base model, {type.ToString().ToLowerInvariant()}, as many sequences", new(EngineGoals.Ratio(cell)));
        }
    }

    private static void LiveMerge(Report report)
    {
        using var ours = new EngineSide(RandomGguf.Path(RandomGguf.GgufType.F16), cacheTokens: 4096);
        using var addons = new RandomAdapters(ours.Configuration, count: 1, MergedRank);
        if (report.Wants("livemerge-prefill"))
        {
            var turns = Turns.Run(7, null, () => ours.Prefill(LongPrompt, addons.All[0]), () => ours.Prefill(LongPrompt));
            report.AddRate("livemerge-prefill", LongPrompt / turns.Ours, LongPrompt / turns.Peer, "tokens/s", $"our own base model, f16; rank {MergedRank}", new(EngineGoals.Ratio("livemerge-prefill")));
        }
        if (report.Wants("livemerge-decode"))
        {
            var turns = Turns.Run(7, null, () => ours.Decode(1, Prompt, LongCompletion, addons.All), () => ours.Decode(1, Prompt, LongCompletion));
            report.AddRate("livemerge-decode", LongCompletion / turns.Ours, LongCompletion / turns.Peer, "tokens/s", $"our own base model, f16; rank {MergedRank}", new(EngineGoals.Ratio("livemerge-decode")));
        }
    }

    // From a registered name to an adapter that a step can use; the files are in the page cache.
    private static void Load(Report report)
    {
        using var files = ModelFiles.Open(RandomGguf.Path(RandomGguf.GgufType.Q8_0));
        using var addons = new RandomAdapters(files.Configuration, count: 2, Rank);
        var seconds = new List<double>();
        for (int round = 0; round < 6; round++)
        {
            using var registry = new AddonRegistry(source => AdapterWeights.Load(source.Folder, files.Configuration));
            registry.Set(new AddonSource("a", addons.FolderOf(round % 2), "1"));
            double took = Clock.Time(() => registry.AcquireAsync("a").AsTask().GetAwaiter().GetResult().Dispose());
            if (round > 0) seconds.Add(took);
        }
        report.AddTime("adapter-load", 1e3 * Turns.Median(seconds), 200, "ms", $"the goal; rank {Rank} on all projections", new(EngineGoals.Ratio("adapter-load")));
    }
}
