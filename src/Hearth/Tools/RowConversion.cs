using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hearth.Cli;

namespace Hearth;

/// <summary>Rewrites a file row by row; the new file appears when it is complete.</summary>
internal static class RowConversion
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Rewrites the first <paramref name="rows"/> rows, or all; blank lines are left out.</summary>
    /// <param name="convert">Makes a new row; refuses with a <see cref="FormatException"/>.</param>
    public static Task<int> Run(FileInfo source, FileInfo target, int? rows, bool json, Func<JsonObject, JsonNode> convert)
    {
        if (!source.Exists) throw new CliException($"There is no file {source.FullName}.", ExitCodes.Usage);
        var temporary = target.FullName + ".tmp";
        var count = 0;
        try
        {
            using (var writer = new StreamWriter(temporary) { NewLine = "\n" })
            {
                var line = 0;
                foreach (var text in File.ReadLines(source.FullName).TakeWhile(_ => rows is null || count < rows))
                {
                    line++;
                    if (string.IsNullOrWhiteSpace(text)) continue;
                    writer.WriteLine(Convert(text, source.Name, line, convert));
                    count++;
                }
            }
            File.Move(temporary, target.FullName, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
        if (json) CommandOutput.WriteJson(new { rows = count, file = target.FullName });
        else Console.Out.WriteLine($"{count} rows written to {target.FullName}");
        return Task.FromResult(ExitCodes.Success);
    }

    private static string Convert(string text, string file, int line, Func<JsonObject, JsonNode> convert)
    {
        try
        {
            return convert(JsonNode.Parse(text) as JsonObject ?? throw new FormatException("the row is no JSON object")).ToJsonString(Plain);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or ArgumentException)
        {
            throw new CliException($"{file}:{line}: {e.Message}. Mend the row, or remove it.");
        }
    }
}
