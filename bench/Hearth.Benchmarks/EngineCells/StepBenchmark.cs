using System.Globalization;
using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>Where an engine step spends its time, by operation: bench/run step --trace [--model f16|q8_0|q4_0] [--rows N] [--prefill] [--adapters N [--rank R]].</summary>
internal static class StepBenchmark
{
    private const int Prompt = 16, Tokens = 64, PrefillTokens = 512;

    public static void Run(Report report, string[] args)
    {
        var type = Enum.Parse<RandomGguf.GgufType>(Option(args, "--model") ?? "f16", ignoreCase: true);
        int rows = int.Parse(Option(args, "--rows") ?? "1", CultureInfo.InvariantCulture);
        bool prefill = args.Contains("--prefill");
        var trace = args.Contains("--trace") ? new StepTrace() : null;
        using var limits = new EngineLimits();
        using var side = new EngineSide(RandomGguf.Path(type), Math.Max(4096, rows * 128), trace);
        int adapters = int.Parse(Option(args, "--adapters") ?? "0", CultureInfo.InvariantCulture);
        int rank = int.Parse(Option(args, "--rank") ?? "8", CultureInfo.InvariantCulture);
        using var addons = adapters > 0 ? new RandomAdapters(side.Configuration, adapters, rank) : null;
        Func<double> run = prefill ? () => side.Prefill(PrefillTokens, addons?.All[0]) : () => side.Decode(rows, Prompt, Tokens, addons?.All);
        run();
        var seconds = new List<double>();
        for (int round = 0; round < 5; round++)
        {
            limits.Sample();
            if (round == 4) trace?.Clear();
            seconds.Add(run());
        }
        string what = prefill ? $"a prompt of {PrefillTokens} tokens" : $"{rows} sequences, {Tokens} steps after prompts of {Prompt}";
        if (addons is not null) what += $", {adapters} adapters of rank {rank}";
        int steps = prefill ? 1 : Tokens;
        report.Note($"step: {type}, {what}, {EngineSide.Threads} threads, {Simd.Level}: {1e3 * Turns.Median(seconds) / steps:F3} ms a step, median of {seconds.Count} runs");
        report.Note($"limits of this run: multiply-add peak {limits.Peak / 1e9:F0} GFLOP/s, memory read {limits.Read / 1e9:F1} GB/s");
        if (trace is null) return;
        report.Note($"operations of the last run, its prompts included; idle: threads waiting for each other, or for code outside parallel loops");
        report.Note(Table(trace));
    }

    private static string Table(StepTrace trace)
    {
        TracedOperation[] operations = [.. trace.Operations.OrderByDescending(operation => operation.Seconds)];
        double total = operations.Sum(operation => operation.Seconds);
        var lines = new List<string> { "operation           calls        ms  share    idle  GFLOP/s     GB/s" };
        foreach (var one in operations) lines.Add(Line(one, total));
        lines.Add(Line(new("all", operations[0].Calls, total, operations.Sum(one => one.BusySeconds), operations.Sum(one => one.Flops), operations.Sum(one => one.Bytes)), total));
        return string.Join('\n', lines);
    }

    private static string Line(TracedOperation one, double total)
    {
        double idle = 1 - one.BusySeconds / (EngineSide.Threads * one.Seconds);
        return string.Create(CultureInfo.InvariantCulture,
            $"{one.Name,-18} {one.Calls,6} {1e3 * one.Seconds,9:F2} {100 * one.Seconds / total,5:F1}% {100 * idle,6:F1}% {one.Flops / one.Seconds / 1e9,8:F1} {one.Bytes / one.Seconds / 1e9,8:F1}");
    }

    private static string? Option(string[] args, string name)
    {
        int index = Array.IndexOf(args, name);
        return index >= 0 && index + 1 < args.Length ? args[index + 1] : null;
    }
}
