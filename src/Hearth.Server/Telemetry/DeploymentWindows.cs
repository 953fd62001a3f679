using System.Collections.Concurrent;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>One run that ended.</summary>
internal sealed record RunSample(DateTimeOffset At, int Status, TimeSpan Whole, TimeSpan? FirstToken, GenerationUsage Usage, GenerationTimes? Times);

/// <summary>The last minute of every deployment. It may be lost: metrics are no truth that anything depends on.</summary>
internal sealed class DeploymentWindows(TimeProvider clock)
{
    public static readonly TimeSpan Length = TimeSpan.FromMinutes(1);
    private const int MostSamples = 100_000;

    private readonly ConcurrentDictionary<string, Window> _windows = new();

    public void Enter(string deployment) => Interlocked.Increment(ref Of(deployment).Active);

    public void Leave(string deployment, RunSample sample)
    {
        var window = Of(deployment);
        Interlocked.Decrement(ref window.Active);
        lock (window)
        {
            window.Samples.Enqueue(sample);
            Trim(window);
        }
    }

    /// <summary>What ended within the last minute, and how many run now.</summary>
    public (IReadOnlyList<RunSample> Ended, int Active) Read(string deployment)
    {
        if (!_windows.TryGetValue(deployment, out var window)) return ([], 0);
        lock (window)
        {
            Trim(window);
            return ([.. window.Samples], Volatile.Read(ref window.Active));
        }
    }

    private Window Of(string deployment) => _windows.GetOrAdd(deployment, _ => new Window());

    private void Trim(Window window)
    {
        var oldest = clock.GetUtcNow() - Length;
        while (window.Samples.TryPeek(out var first) && (first.At < oldest || window.Samples.Count > MostSamples)) window.Samples.Dequeue();
    }

    private sealed class Window
    {
        public int Active;
        public Queue<RunSample> Samples { get; } = new();
    }
}
