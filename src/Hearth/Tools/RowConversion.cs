using System.Text.Json;
using Hearth.Cli;
using Hearth.Training;

namespace Hearth;

/// <summary>Turns rows of other forms into chat rows.</summary>
internal static class RowConversion
{
    public const string QuestionAnswer = "question-answer";

    /// <summary>Converts the first <paramref name="rows"/> rows, or all; the target appears when it is complete.</summary>
    public static Task<int> Run(FileInfo source, FileInfo target, int? rows, bool json)
    {
        if (!source.Exists) throw new CliException($"There is no file {source.FullName}.", ExitCodes.Usage);
        var temporary = target.FullName + ".tmp";
        var count = 0;
        using (var writer = new StreamWriter(temporary) { NewLine = "\n" })
        {
            foreach (var line in File.ReadLines(source.FullName).Take(rows ?? int.MaxValue)) writer.WriteLine(Convert(line, source.Name, ++count));
        }
        File.Move(temporary, target.FullName, overwrite: true);
        if (json) CommandOutput.WriteJson(new { rows = count, file = target.FullName });
        else Console.Out.WriteLine($"{count} rows written to {target.FullName}");
        return Task.FromResult(ExitCodes.Success);
    }

    private static string Convert(string line, string file, int number)
    {
        try
        {
            using var row = JsonDocument.Parse(line);
            string Text(string field) => row.RootElement.GetProperty(field).GetString() ?? throw new JsonException($"{field} is null");
            return new ChatExample("", Text("question"), Text("answer"), "").ToJson();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new CliException($"{file}:{number}: the row is not {{question, answer}} with two strings ({e.Message}). Mend it, or remove it.");
        }
    }
}
