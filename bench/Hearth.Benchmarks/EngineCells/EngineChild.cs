using System.Diagnostics;
using System.Globalization;

namespace Hearth.Benchmarks;

/// <summary>Our side of load and memory, in a process of its own, as a replica is: loads a model, says how long it took, answers lines.</summary>
internal sealed class EngineChild : IDisposable
{
    public const string Verb = "engine-child";
    private readonly PeerProcess _process;

    public EngineChild(string path, int cacheTokens)
    {
        string program = Environment.ProcessPath!;
        string[] self = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        _process = new PeerProcess("our engine", program, [.. self, Verb, path, cacheTokens.ToString(CultureInfo.InvariantCulture)], new Dictionary<string, string>());
        LoadSeconds = Number(_process.ReadLine());
    }

    /// <summary>Seconds from the call for a model to an engine that takes requests, tokenizer and KV cache included.</summary>
    public double LoadSeconds { get; }

    /// <summary>Seconds from a prompt of so many tokens to its first token.</summary>
    public double Prefill(int tokens) => Number(_process.Ask(string.Create(CultureInfo.InvariantCulture, $"prefill {tokens}")));

    /// <summary>Resident bytes without keys and values. The whole KV cache must have been used.</summary>
    public double ResidentBytes() => Number(_process.Ask("memory"));

    public void Dispose() => _process.Dispose();

    /// <summary>The child's own main program.</summary>
    public static int Serve(string path, int cacheTokens)
    {
        long start = Stopwatch.GetTimestamp();
        using var side = new EngineSide(path, cacheTokens);
        Answer(Stopwatch.GetElapsedTime(start).TotalSeconds);
        while (Console.ReadLine() is { } line)
        {
            if (line.Split(' ') is ["prefill", var tokens]) Answer(side.Prefill(int.Parse(tokens, CultureInfo.InvariantCulture)));
            else Answer(Resident() - cacheTokens / 64.0 * Models.KvCache.BytesPerBlock(side.Configuration));
        }
        return 0;
    }

    private static long Resident() =>
        1024 * long.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    private static void Answer(double value) => Console.WriteLine(value.ToString("R", CultureInfo.InvariantCulture));

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
