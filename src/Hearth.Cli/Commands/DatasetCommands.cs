using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Hearth.Contracts;

namespace Hearth.Cli;

/// <summary>The verbs of <c>hearth datasets</c> that ask a server.</summary>
public static class DatasetCommands
{
    private static readonly JsonSerializerOptions Camel =
        new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary><c>hearth datasets report ID</c></summary>
    public static Command Report()
    {
        var id = new Argument<string>("id") { Description = "A dataset of the account" };
        var model = new Option<string?>("--model") { Description = "A model of the server: count its tokens too" };
        var context = new Option<int?>("--context-length") { Description = "List rows with more tokens than this; else the model's context" };
        var command = new Command("report", "Show what the check of a dataset found, and what a model makes of its rows.") { id, model, context };
        return command.CallsServer(async (parsed, client, cancellationToken) =>
        {
            var report = await client.GetDatasetReportAsync(parsed.GetRequiredValue(id), parsed.GetValue(model), parsed.GetValue(context), cancellationToken);
            if (parsed.IsJson())
            {
                WriteJson(report);
                return;
            }
            foreach (var fault in report.Faults) Console.Out.WriteLine(DatasetReportView.Line(report.File, fault));
            DatasetReportView.Write(report);
        }).WithExamples(
            ("hearth datasets report my-rows", "totals, lengths, and every bad line of the last upload"),
            ("hearth datasets report my-rows --model hearth-tiny", "also tokens, rows that do not fit, rows that train nothing"));
    }

    /// <summary><c>hearth datasets download ID DIR</c></summary>
    public static Command Download()
    {
        var id = new Argument<string>("id") { Description = "A dataset of the account" };
        var folder = new Argument<DirectoryInfo>("folder") { Description = "Folder for the files; made where it is missing" };
        var lineage = new Option<bool>("--lineage") { Description = "Also the datasets that it was made of, each in a folder of its own" };
        var command = new Command("download", "Fetch a dataset's files.") { id, folder, lineage };
        return command.CallsServer(async (parsed, client, cancellationToken) =>
        {
            var (target, all) = (parsed.GetRequiredValue(folder), parsed.GetValue(lineage));
            var addresses = (await client.GetDatasetDownloadEndpointAsync(parsed.GetRequiredValue(id), all, cancellationToken)).FilenameToSignedUrls;
            var files = await Cli.Download.RunAsync(client, addresses.ToDictionary(file => PathOf(file.Key, all), file => file.Value), target, parsed.IsJson(), cancellationToken);
            if (parsed.IsJson()) WriteJson(new { folder = target.FullName, files });
            else Console.Out.WriteLine($"{files.Count} {(files.Count == 1 ? "file is" : "files are")} in {target.FullName}.");
        }).WithExamples(("hearth datasets download my-rows ./rows", "the files as they were uploaded"));
    }

    // The server names them dataset/ID/FILE.
    private static string PathOf(string name, bool withId) => name.Split('/', withId ? 2 : 3)[^1];

    /// <summary>Prints a row of the server as <c>render</c> does.</summary>
    public static async Task WriteRowAsync(
        Hearth.Client.HearthClient client, string dataset, long row, string? model, bool listTokens, bool json, CancellationToken cancellationToken) =>
        WriteRow(await client.GetDatasetRowAsync(dataset, row, model, cancellationToken), listTokens, json);

    /// <summary>Prints a row as JSON or as text.</summary>
    public static void WriteRow(HearthDatasetRow row, bool listTokens, bool json)
    {
        if (json) WriteJson(row);
        else DatasetRowView.Write(row, listTokens);
    }

    private static void WriteJson<T>(T value) => Console.Out.WriteLine(JsonSerializer.Serialize(value, Camel));
}
