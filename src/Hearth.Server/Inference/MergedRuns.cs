using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>The prompts of one request, generated beside each other: choices are numbered through, the last event has the usage of all.</summary>
internal static class MergedRuns
{
    public static async IAsyncEnumerable<GenerationEvent> EventsAsync(
        IReadOnlyList<GenerationRun> runs, int choicesPerRun, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var events = Channel.CreateBounded<GenerationEvent>(64);
        var pumps = Task.WhenAll(runs.Select((run, index) => PumpAsync(run, index * choicesPerRun, events.Writer, stop.Token)));
        _ = pumps.ContinueWith(_ => events.Writer.TryComplete(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        var (usage, open) = (new GenerationUsage(0, 0, 0), runs.Count);
        try
        {
            await foreach (var part in events.Reader.ReadAllAsync(cancellationToken))
            {
                if (part.Usage is not { } own)
                {
                    yield return part;
                    continue;
                }
                usage += own;
                yield return part with { Usage = --open == 0 ? usage : null };
            }
        }
        finally
        {
            if (open > 0 && !cancellationToken.IsCancellationRequested)
                foreach (var run in runs) run.Forgive(); // the caller gets an error, not an answer
            await stop.CancelAsync();
            await pumps.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task PumpAsync(GenerationRun run, int firstChoice, ChannelWriter<GenerationEvent> events, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var part in run.EventsAsync(cancellationToken)) await events.WriteAsync(part with { Choice = firstChoice + part.Choice }, cancellationToken);
        }
        catch (Exception error)
        {
            events.TryComplete(error);
        }
    }
}
