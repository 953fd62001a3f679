using Spectre.Console;

namespace Hearth.Cli;

/// <summary>Shows files as they move: a bar each on a terminal, a line when each is done elsewhere.</summary>
internal static class TransferView
{
    /// <summary>Moves one file after the other. <paramref name="moveAsync"/> tells the file's size, then the bytes of each piece.</summary>
    public static Task RunAsync(IReadOnlyList<string> files, bool quiet, Func<string, Action<long>, Action<int>, Task> moveAsync)
    {
        if (quiet) return EachAsync(files, (file, _) => moveAsync(file, _ => { }, _ => { }));
        return AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected ? ShowBarsAsync(files, moveAsync) : ShowLinesAsync(files, moveAsync);
    }

    private static Task ShowBarsAsync(IReadOnlyList<string> files, Func<string, Action<long>, Action<int>, Task> moveAsync) => AnsiConsole.Progress()
        .AutoClear(false).HideCompleted(false)
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new TransferSpeedColumn(), new RemainingTimeColumn())
        .StartAsync(context => EachAsync(files, async (file, _) =>
        {
            var bar = context.AddTask(Markup.Escape(file), maxValue: 1);
            await moveAsync(file, size => bar.MaxValue = Math.Max(1, size), bytes => bar.Increment(bytes));
            bar.Value = bar.MaxValue;
        }));

    private static Task ShowLinesAsync(IReadOnlyList<string> files, Func<string, Action<long>, Action<int>, Task> moveAsync) => EachAsync(files, async (file, number) =>
    {
        long moved = 0;
        await moveAsync(file, _ => { }, bytes => moved += bytes);
        Console.Out.WriteLine(FormattableString.Invariant($"  {number}/{files.Count} {file}  {moved:N0} bytes"));
    });

    private static async Task EachAsync(IReadOnlyList<string> files, Func<string, int, Task> moveAsync)
    {
        for (var i = 0; i < files.Count; i++) await moveAsync(files[i], i + 1);
    }
}
