using System.Globalization;
using System.Text.Json.Serialization;
using Hearth.Cli;
using Hearth.Contracts;
using Spectre.Console;

namespace Hearth;

/// <summary>The demo's outcome, as <c>--output json</c> prints it. Shares are of the held-out problems; losses are nats a trained token.</summary>
internal sealed record DemoReport
{
    [JsonPropertyName("base_format")] public required double BaseFormat { get; init; }
    [JsonPropertyName("tuned_format")] public required double TunedFormat { get; init; }
    [JsonPropertyName("base_answer")] public required double BaseAnswer { get; init; }
    [JsonPropertyName("tuned_answer")] public required double TunedAnswer { get; init; }
    [JsonPropertyName("base_exact")] public required double BaseExact { get; init; }
    [JsonPropertyName("tuned_exact")] public required double TunedExact { get; init; }
    [JsonPropertyName("base_loss")] public required double? BaseLoss { get; init; }
    [JsonPropertyName("tuned_loss")] public required double? TunedLoss { get; init; }
    [JsonPropertyName("steps")] public required int Steps { get; init; }
    [JsonPropertyName("seconds")] public double Seconds { get; init; }
    [JsonPropertyName("tokens_per_second")] public required double TokensPerSecond { get; init; }
    /// <summary>The same shares on problems in wordings that were never trained.</summary>
    [JsonPropertyName("new_phrasings")] public required NewPhrasingsReport NewPhrasings { get; init; }

    public static DemoReport Of(DemoEvaluation before, DemoEvaluation after, SupervisedFineTuningJob job) => new()
    {
        BaseFormat = before.HeldOut.Format,
        TunedFormat = after.HeldOut.Format,
        BaseAnswer = before.HeldOut.Answer,
        TunedAnswer = after.HeldOut.Answer,
        BaseExact = before.HeldOut.Exact,
        TunedExact = after.HeldOut.Exact,
        BaseLoss = job.HearthEvaluation?.LossBefore,
        TunedLoss = job.HearthEvaluation?.LossAfter,
        Steps = job.HearthProgress?.Step ?? 0,
        TokensPerSecond = job.HearthProgress?.TokensPerSecond ?? 0,
        NewPhrasings = new NewPhrasingsReport(
            before.NewPhrasings.Format, after.NewPhrasings.Format, before.NewPhrasings.Answer, after.NewPhrasings.Answer,
            before.NewPhrasings.Exact, after.NewPhrasings.Exact),
    };

    public void WriteTable()
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn("held-out problems").AddColumn(Right("base")).AddColumn(Right("tuned"));
        Row(table, "format: the sections can be read", BaseFormat, TunedFormat);
        Row(table, "answer: the last number is right", BaseAnswer, TunedAnswer);
        Row(table, "exact: both", BaseExact, TunedExact);
        table.AddRow("loss on the answers", Number(BaseLoss), Number(TunedLoss));
        table.AddEmptyRow();
        table.AddRow("wordings never trained", "", "");
        Row(table, "format", NewPhrasings.BaseFormat, NewPhrasings.TunedFormat);
        Row(table, "answer", NewPhrasings.BaseAnswer, NewPhrasings.TunedAnswer);
        Row(table, "exact", NewPhrasings.BaseExact, NewPhrasings.TunedExact);
        AnsiConsole.WriteLine();
        AnsiConsole.Write(table);
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Steps} steps at {TokensPerSecond:N0} tokens/s; {Seconds:F0} s in all."));
    }

    private static TableColumn Right(string header) => new TableColumn(header).RightAligned();

    private static void Row(Table table, string name, double before, double after) =>
        table.AddRow(name, before.ToString("P0", CultureInfo.InvariantCulture), after.ToString("P0", CultureInfo.InvariantCulture));

    private static string Number(double? value) => value?.ToString("F3", CultureInfo.InvariantCulture) ?? "-";
}

/// <summary>Shares on problems in wordings that were never trained.</summary>
internal sealed record NewPhrasingsReport(
    [property: JsonPropertyName("base_format")] double BaseFormat,
    [property: JsonPropertyName("tuned_format")] double TunedFormat,
    [property: JsonPropertyName("base_answer")] double BaseAnswer,
    [property: JsonPropertyName("tuned_answer")] double TunedAnswer,
    [property: JsonPropertyName("base_exact")] double BaseExact,
    [property: JsonPropertyName("tuned_exact")] double TunedExact);
