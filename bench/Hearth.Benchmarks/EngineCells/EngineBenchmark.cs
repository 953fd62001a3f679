using Hearth.Inference;
using Hearth.Models;
using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>
/// The engine at its own border, token ids in and sampled ids out, against llama.cpp on the same file, in turns in one run: prefill, decode,
/// 32 sequences, adapters, load, memory.
/// </summary>
internal static class EngineBenchmark
{
    private const int PromptTokens = 512, ShortPrompt = 32, DecodeTokens = 128, BatchPrompt = 16, BatchTokens = 32, BatchSequences = 32;
    private const int LoadContext = 4096, MemoryContext = 1024;

    private static readonly RandomGguf.GgufType[] Types = [RandomGguf.GgufType.F16, RandomGguf.GgufType.Q8_0, RandomGguf.GgufType.Q4_0];

    /// <summary>The names of all cells.</summary>
    public static string[] Cells { get; } =
    [
        .. Types.SelectMany(type => (string[])[Name("prefill", type), Name("decode", type), Name("batch32", type)]), .. AdapterCells.Names, "load", "memory-q8_0",
    ];

    public static void Run(Report report, bool oursOnly)
    {
        var machine = new Machine();
        using var limits = new EngineLimits();
        using (var peer = oursOnly ? null : LlamaPeer.Start(report))
        {
            if (peer != null) report.Note($"peer: {peer.Version}");
            foreach (var type in Types) Speed(report, limits, peer, type);
            AdapterCells.Run(report);
            Load(report, peer);
            Memory(report, peer);
        }
        limits.Sample();
        report.Note($"processor: {machine.Processor}, {Environment.ProcessorCount} threads; .NET {Environment.Version}; instruction set {Simd.Level} (widest {Simd.Widest}); {EngineSide.Threads} compute threads each");
        report.Note($"limits of this run, 2 threads: {limits.Summary}; cells are compared with the best peak, and with the median bandwidth of their own rounds");
        if (EngineGoals.Kind == ProcessorKind.Unknown) report.Note("the peer's usual figures on this processor are not known, so they are not checked");
        report.Note($"medians of rounds in turns; others took {machine.TakenByOthers():P0} of the processors' time during this run");
    }

    private static string Name(string kind, RandomGguf.GgufType type) => $"{kind}-{type.ToString().ToLowerInvariant()}";

    private static void Speed(Report report, EngineLimits limits, LlamaPeer? peer, RandomGguf.GgufType type)
    {
        string prefill = Name("prefill", type), decode = Name("decode", type), batch = Name("batch32", type);
        if (!report.Wants(prefill) && !report.Wants(decode) && !report.Wants(batch)) return;
        string path = RandomGguf.Path(type);
        using var ours = new EngineSide(path, cacheTokens: 4096);
        if (report.Wants(prefill) || report.Wants(decode)) peer?.Load(path, contextSize: 1024, sequences: 1);
        if (report.Wants(prefill))
        {
            var turns = Turns.Run(7, limits, () => ours.Prefill(PromptTokens), peer is null ? null : () => peer.Prefill(PromptTokens));
            double flops = EngineWork.PromptFlops(ours.Configuration, PromptTokens);
            Add(report, prefill, turns, PromptTokens, flops / turns.Ours / limits.Peak, "of the multiply-add peak");
        }
        if (report.Wants(decode))
        {
            var turns = Turns.Run(5, limits, () => ours.Decode(1, ShortPrompt, DecodeTokens), peer is null ? null : () => peer.Decode(ShortPrompt, DecodeTokens));
            Add(report, decode, turns, DecodeTokens, EngineWork.WeightBytes(type) * DecodeTokens / turns.Ours / limits.Read, "of the read bandwidth");
        }
        if (report.Wants(batch))
        {
            peer?.Load(path, contextSize: BatchPrompt + BatchTokens + 16, BatchSequences);
            var turns = Turns.Run(5, limits, () => ours.Decode(BatchSequences, BatchPrompt, BatchTokens), peer is null ? null : () => peer.Decode(BatchPrompt, BatchTokens));
            double flops = EngineWork.TokenFlops(ours.Configuration) * BatchSequences * BatchTokens;
            Add(report, batch, turns, BatchSequences * BatchTokens, flops / turns.Ours / limits.Peak, "of the multiply-add peak");
        }
    }

    private static void Add(Report report, string cell, Turns turns, int tokens, double share, string limit)
    {
        var goal = new CellGoal(EngineGoals.Ratio(cell), share, EngineGoals.Share(cell), limit);
        report.AddRate(cell, tokens / turns.Ours, tokens / turns.Peer, "tokens/s", "llama.cpp, same file", goal);
        if (EngineGoals.KnownPeer(cell) is { } known && tokens / turns.Peer < 0.7 * known)
            report.Note($"{cell}: the peer is suspect, it reached {tokens / turns.Peer:F0} of its usual {known:F0} tokens/s on this kind of processor");
    }

    private static void Load(Report report, LlamaPeer? peer)
    {
        if (!report.Wants("load")) return;
        string path = RandomGguf.Path(RandomGguf.GgufType.Q8_0);
        List<double> first = [], theirFirst = [];
        var turns = Turns.Run(5, null, () =>
        {
            using var child = new EngineChild(path, LoadContext);
            first.Add(child.Prefill(BatchPrompt));
            return child.LoadSeconds;
        }, peer is null ? null : () => LoadInNewPeer(report, path, theirFirst));
        report.AddTime("load", 1e3 * turns.Ours, 1e3 * turns.Peer, "ms", $"llama.cpp, q8_0, KV cache of {LoadContext} positions", new(EngineGoals.Ratio("load")));
        report.Note($"load: the first token of a prompt of {BatchPrompt} comes {1e3 * Turns.Median(first):F0} ms after that" + (peer is null ? "" : $", the peer's {1e3 * Turns.Median(theirFirst):F0} ms"));
    }

    private static double LoadInNewPeer(Report report, string path, List<double> first)
    {
        using var peer = LlamaPeer.Start(report)!;
        double seconds = peer.Load(path, LoadContext, sequences: 1);
        first.Add(peer.Prefill(BatchPrompt));
        return seconds;
    }

    private static void Memory(Report report, LlamaPeer? peer)
    {
        if (!report.Wants("memory-q8_0")) return;
        string path = RandomGguf.Path(RandomGguf.GgufType.Q8_0);
        using var child = new EngineChild(path, MemoryContext);
        // Fills the whole cache, so that all of it is resident and can be taken off.
        for (int i = 0; i < 3; i++) child.Prefill(MemoryContext / 2 - 1);
        double theirs = double.NaN;
        if (peer != null)
        {
            using var fresh = LlamaPeer.Start(report)!;
            fresh.Load(path, MemoryContext, sequences: 1);
            for (int i = 0; i < 3; i++) fresh.Prefill(MemoryContext / 2 - 1);
            theirs = fresh.ResidentBytes();
        }
        report.AddTime("memory-q8_0", child.ResidentBytes() / 1e6, theirs / 1e6, "MB", "llama.cpp in Node.js; both without keys and values", new(EngineGoals.Ratio("memory-q8_0")));
    }
}
