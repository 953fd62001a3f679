using System.Diagnostics;
using Hearth.Inference;
using Hearth.Models;
using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>Our side of the engine's cells: the product's engine with its default limits, prefix cache on, two compute threads; token ids in, sampled ids out.</summary>
internal sealed class EngineSide : IDisposable
{
    public const int Threads = 2;
    private readonly ModelFiles _files;
    private readonly Engine _engine;
    private uint _drawn = 0x9E3779B9;

    public EngineSide(string path, int cacheTokens, StepTrace? trace = null)
    {
        _files = ModelFiles.Open(path);
        var text = Task.Run(() => ModelText.Load(_files)); // as a replica does; the peer reads its vocabulary, too
        _engine = new Engine(ModelRunner.Load(_files, new() { Threads = Threads, CacheTokens = cacheTokens, Trace = trace }, RandomGguf.Store),
            new() { EosTokenIds = _files.Configuration.EosTokenIds, Trace = trace });
        text.Wait();
        _files.CloseWeights();
    }

    public ModelConfiguration Configuration => _files.Configuration;

    /// <summary>Seconds from a fresh prompt to its first token.</summary>
    public double Prefill(int tokens, Addon? addon = null)
    {
        var options = Request(tokens, completion: 1, addon);
        return Clock.Time(() => _engine.Submit(options).Usage.Wait());
    }

    /// <summary>Seconds from the first token of every sequence to <paramref name="tokens"/> more of each, sequence i with <paramref name="addons"/>[i % count].</summary>
    public double Decode(int sequences, int prompt, int tokens, IReadOnlyList<Addon>? addons = null)
    {
        GenerationOptions[] requests = [.. Enumerable.Range(0, sequences).Select(i => Request(prompt, tokens + 1, addons?[i % addons.Count]))];
        var handles = Array.ConvertAll(requests, request => _engine.Submit(request));
        var streams = Array.ConvertAll(handles, handle => handle.GetAsyncEnumerator());
        foreach (var stream in streams) Wait(stream.MoveNextAsync());
        long start = Stopwatch.GetTimestamp();
        Task.WaitAll(Array.ConvertAll(handles, handle => handle.Usage));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (var stream in streams) stream.DisposeAsync().AsTask().Wait();
        return seconds;
    }

    public void Dispose()
    {
        _engine.Dispose();
        _files.Dispose();
    }

    private static void Wait(ValueTask<bool> task) => task.AsTask().Wait();

    private GenerationOptions Request(int prompt, int completion, Addon? addon) => new()
    {
        PromptTokenIds = FreshTokens(prompt),
        MaxTokens = completion,
        IgnoreEos = true,
        Addon = addon,
        Sampling = new() { Temperature = 0 },
    };

    // No earlier prompt had them, so that the prefix cache finds nothing.
    private int[] FreshTokens(int count)
    {
        var tokens = new int[count];
        for (int i = 0; i < count; i++)
        {
            _drawn = _drawn * 1664525 + 1013904223;
            tokens[i] = 3 + (int)(_drawn % (RandomGguf.Vocabulary - 3));
        }
        return tokens;
    }
}
