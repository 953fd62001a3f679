using System.Globalization;
using Hearth.Client;
using Hearth.Contracts;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Hearth.Cli;

/// <summary>What a running job shows. Loss in nats; rates count all computed tokens.</summary>
public readonly record struct JobSnapshot(int Step, int TotalSteps, double Loss, double TokensPerSecond, double SecondsLeft);

/// <summary>Reads what a view shows from a job as the API answers it.</summary>
public static class JobSnapshots
{
    /// <summary>What the trainer last reported; zero steps before its first report.</summary>
    public static JobSnapshot ToSnapshot(this SupervisedFineTuningJob job) => job.HearthProgress is { } now
        ? new JobSnapshot(now.Step, now.TotalSteps, now.Loss, now.TokensPerSecond, now.SecondsLeft)
        : default;
}

/// <summary>Shows a job's progress: a bar with step, loss, tokens/s and time left on a terminal, lines of text elsewhere.</summary>
public static class JobProgressView
{
    /// <summary>Without a terminal a line is written when this share of the steps has passed.</summary>
    private const double LineEvery = 0.1;

    /// <summary>Runs <paramref name="work"/>, which reports snapshots as they come, and shows them. <paramref name="title"/> names the job.</summary>
    public static Task<T> RunAsync<T>(string title, bool quiet, Func<Action<JobSnapshot>, Task<T>> work)
    {
        if (quiet) return work(_ => { });
        return AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected ? ShowBarAsync(title, work) : ShowLinesAsync(title, work);
    }

    /// <summary>Shows a job of the server until it has ended, and returns it.</summary>
    /// <exception cref="CliException">It did not complete; the message is the job's own.</exception>
    public static async Task<SupervisedFineTuningJob> WatchAsync(
        HearthClient client, string id, string title, bool quiet, TimeSpan interval, CancellationToken cancellationToken)
    {
        var job = await RunAsync(title, quiet, async show =>
        {
            SupervisedFineTuningJob? last = null;
            await foreach (var seen in client.WatchSupervisedJobAsync(id, interval, cancellationToken)) show((last = seen).ToSnapshot());
            return last!;
        });
        return job.State is JobState.JOB_STATE_COMPLETED or JobState.JOB_STATE_EARLY_STOPPED ? job : throw new CliException($"{job.Name} is {job.State}: {job.Status?.Message}");
    }

    /// <summary>One line: <c>step 12/126 · loss 1.234 · 5,310 tokens/s · 0:24 left</c>.</summary>
    public static string Line(JobSnapshot now) => string.Create(CultureInfo.InvariantCulture,
        $"step {now.Step}/{now.TotalSteps} · loss {now.Loss:F3} · {now.TokensPerSecond:N0} tokens/s · {Duration(now.SecondsLeft)} left");

    private static Task<T> ShowBarAsync<T>(string title, Func<Action<JobSnapshot>, Task<T>> work) => AnsiConsole.Progress()
        .AutoClear(false).HideCompleted(false)
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new FiguresColumn())
        .StartAsync(async context =>
        {
            var bar = context.AddTask(Markup.Escape(title), maxValue: 1);
            return await work(now =>
            {
                if (now.TotalSteps == 0) return;
                bar.MaxValue = Math.Max(1, now.TotalSteps);
                bar.Value = now.Step;
                bar.State.Update<JobSnapshot>(FiguresColumn.Key, _ => now);
            });
        });

    private static async Task<T> ShowLinesAsync<T>(string title, Func<Action<JobSnapshot>, Task<T>> work)
    {
        var shown = 0.0;
        return await work(now =>
        {
            if (now.TotalSteps == 0) return;
            var share = (double)now.Step / now.TotalSteps;
            if (share < shown) return;
            shown = share < 1 ? Math.Min(1, share + LineEvery) : 2;
            Console.Out.WriteLine($"  {title}: {Line(now)}");
        });
    }

    private static string Duration(double seconds) =>
        TimeSpan.FromSeconds(Math.Clamp(double.IsFinite(seconds) ? seconds : 0, 0, 359_999)) is var time && time.TotalHours >= 1
            ? time.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture)
            : time.ToString(@"m\:ss", CultureInfo.InvariantCulture);

    /// <summary>Step, loss, tokens/s and time left beside the bar.</summary>
    private sealed class FiguresColumn : ProgressColumn
    {
        public const string Key = "figures";

        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(task.State.Get<JobSnapshot>(Key) is { TotalSteps: > 0 } now ? Line(now) : "waiting for the first step");
    }
}
