using System.Text.Json;
using Hearth.Cli;
using Hearth.Contracts;
using Hearth.ControlPlane;
using Hearth.Workers;

namespace Hearth;

/// <summary>Validates a file with the server's own rules, and counts its tokens with a model's own tokenizer.</summary>
internal static class DatasetValidation
{
    public static async Task<int> RunAsync(FileInfo file, string? format, string? modelPath, bool json, CancellationToken cancellationToken)
    {
        if (!file.Exists) throw new CliException($"There is no file {file.FullName}.", ExitCodes.Usage);
        var options = new ValidationOptions { FileName = file.Name, Format = format is null ? RowFormat.Unknown : RowFormats.Parse(format) };
        var model = modelPath is null ? null : await LocalRows.OpenModelAsync(modelPath, cancellationToken);
        var isGood = json
            ? WriteJson(file, options, modelPath, model, cancellationToken)
            : WriteText(file, options, modelPath, model, cancellationToken);
        return isGood ? ExitCodes.Success : ExitCodes.Failure;
    }

    private static bool WriteJson(FileInfo file, ValidationOptions options, string? modelPath, IModelRows? model, CancellationToken cancellationToken)
    {
        using var output = Console.OpenStandardOutput();
        using var content = RowReader.Open(file.FullName);
        var report = DatasetReportFile.Write(content, options, output, cancellationToken, writer =>
        {
            if (model is null) return;
            writer.WritePropertyName("tokens");
            Count(file, modelPath!, model, writer, cancellationToken);
        });
        output.Write("\n"u8);
        return report.FaultCount == 0;
    }

    // Faults are written as they are found; the totals come last, so that they are on the screen at the end.
    private static bool WriteText(FileInfo file, ValidationOptions options, string? modelPath, IModelRows? model, CancellationToken cancellationToken)
    {
        using var content = RowReader.Open(file.FullName);
        var report = DatasetValidator.Validate(content, options, fault => Console.Out.WriteLine(fault.Describe(file.Name)), cancellationToken);
        var shown = HearthDatasetReport.Parse(JsonSerializer.Serialize(report with { Faults = [] }, JsonSerializerOptions.Web));
        DatasetReportView.Write(shown with { Tokens = model is null ? null : Tokens(file, modelPath!, model, cancellationToken) });
        return report.FaultCount == 0;
    }

    private static HearthTokenReport Tokens(FileInfo file, string modelPath, IModelRows model, CancellationToken cancellationToken)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json)) Count(file, modelPath, model, writer, cancellationToken);
        return JsonSerializer.Deserialize<HearthTokenReport>(json.GetBuffer().AsSpan(0, (int)json.Length), JsonSerializerOptions.Web)!;
    }

    private static void Count(FileInfo file, string modelPath, IModelRows model, Utf8JsonWriter writer, CancellationToken cancellationToken)
    {
        using var content = RowReader.Open(file.FullName);
        new TokenReport(writer, LocalRows.NameOf(modelPath), model, model.ContextLength, isTrained: true).WriteAsync(content, cancellationToken).AsTask().GetAwaiter().GetResult();
    }
}
