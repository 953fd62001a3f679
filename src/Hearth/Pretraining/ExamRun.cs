using Hearth.Cli;
using Hearth.Training;
using Spectre.Console;

namespace Hearth;

/// <summary>Prints the result of each task as it is known.</summary>
internal static class ExamRun
{
    public static Task<int> RunAsync(string folder, ulong seed, int rows, bool json, CancellationToken cancellationToken)
    {
        if (rows < 1) throw new CliException($"--rows is {rows}; it must be at least 1.");
        var results = new List<CurriculumExam.TaskResult>();
        var table = new Table().AddColumns("task", "rows", "right", "accuracy", "loss");
        foreach (var result in CurriculumExam.Run(folder, seed, rows, cancellationToken))
        {
            results.Add(result);
            if (!json) Console.Error.WriteLine(FormattableString.Invariant($"{result.Task}: {result.Accuracy:F3}"));
            table.AddRow(result.Task, $"{result.Rows}", $"{result.Right}", FormattableString.Invariant($"{result.Accuracy:F3}"), FormattableString.Invariant($"{result.Loss:F4}"));
        }
        if (json) CommandOutput.WriteJson(results);
        else AnsiConsole.Write(table);
        return Task.FromResult(0);
    }
}
