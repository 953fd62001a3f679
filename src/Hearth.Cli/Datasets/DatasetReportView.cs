using System.Globalization;
using Hearth.Contracts;
using Spectre.Console;

namespace Hearth.Cli;

/// <summary>A dataset's report on the terminal: what the file holds, how long its rows are, and what a model makes of them.</summary>
public static class DatasetReportView
{
    private const int BarWidth = 32;

    /// <summary>Writes everything but the faults.</summary>
    public static void Write(HearthDatasetReport report)
    {
        foreach (var warning in report.Warnings) Console.Out.WriteLine($"warning: {warning}");
        Console.Out.WriteLine(Summary(report));
        if (Features(report) is { Length: > 0 } features) Console.Out.WriteLine($"rows with {features}");
        WriteChart("bytes a row, up to", report.RowBytes);
        if (report.Tokens is { } tokens) Write(tokens);
    }

    /// <summary>A fault as one line: file, line, byte, rule, remedy.</summary>
    public static string Line(string file, HearthRowFault fault) => $"{fault.File ?? file}:{fault.Line} (byte {fault.Offset}): {fault.Rule}. {fault.Remedy}";

    private static string Summary(HearthDatasetReport report)
    {
        var format = report.HearthFormat == "" ? "" : $" ({report.HearthFormat})";
        return Text($"{report.File}: {report.Rows:N0} rows{format}, {report.TrainableRows:N0} to train on, {report.Turns:N0} turns, {report.Bytes:N0} bytes, about {report.EstimatedTokens:N0} tokens, {report.FaultCount:N0} faults");
    }

    private static string Features(HearthDatasetReport report) =>
        string.Join(", ", report.Features.Where(feature => feature.Value > 0).Select(feature => Text($"{Words(feature.Key)}: {feature.Value:N0}")));

    private static void Write(HearthTokenReport tokens)
    {
        Console.Out.WriteLine(Text($"{tokens.Model}: {tokens.Total:N0} tokens, {tokens.Trained:N0} of them trained; longest row {tokens.Histogram.Max:N0}, mean {tokens.Histogram.Mean:N1}"));
        WriteNumbers($"longer than {tokens.ContextLength} tokens", tokens.LongerThanContext);
        WriteNumbers("train nothing", tokens.EmptyLossMask);
        foreach (var fault in tokens.Unreadable) Console.Out.WriteLine($"line {fault.Line} cannot be read: {fault.Rule}");
        WriteChart("tokens a row, up to", tokens.Histogram);
    }

    private static void WriteNumbers(string what, HearthRowNumbers rows)
    {
        if (rows.Count == 0) return;
        var more = rows.Count > 10 ? ", …" : "";
        Console.Out.WriteLine(Text($"{rows.Count:N0} rows {what}: {string.Join(", ", rows.Rows.Take(10))}{more}"));
    }

    private static void WriteChart(string title, HearthLengths lengths)
    {
        if (lengths.Count == 0) return;
        var table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn(title).RightAligned()).AddColumn(new TableColumn("rows").RightAligned()).AddColumn("");
        var most = lengths.Buckets.Max(bucket => bucket.Count);
        foreach (var bucket in lengths.Buckets)
            table.AddRow(Text($"{bucket.UpTo:N0}"), Text($"{bucket.Count:N0}"), new string('█', (int)Math.Ceiling((double)BarWidth * bucket.Count / most)));
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) }).Write(table);
    }

    // "messageWeights" is spoken "message weights".
    private static string Words(string name) =>
        string.Concat(name.Select(letter => char.IsUpper(letter) ? $" {char.ToLowerInvariant(letter)}" : letter.ToString()));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
