using System.CommandLine;
using Hearth.Cli;

namespace Hearth;

/// <summary><c>hearth datasets</c>: what can be done with a data set without a server.</summary>
internal static class DatasetsVerb
{
    public static Command Create() => new("datasets", "Data sets in files.") { Validate(), Convert() };

    private static Command Validate()
    {
        var file = new Argument<FileInfo>("file") { Description = "JSON Lines" };
        var command = new Command("validate", "Check a file as an upload would, and tell every line at fault.") { file };
        command.SetAction((parsed, cancellationToken) =>
            DatasetValidation.Run(parsed.GetRequiredValue(file), parsed.IsJson(), cancellationToken));
        return command.WithExamples(("hearth datasets validate chats.jsonl", "exit code 0: an upload would be taken; 1: the faults are listed"));
    }

    private static Command Convert()
    {
        var file = new Argument<FileInfo>("file") { Description = "JSON Lines in another form" };
        var from = new Option<string>("--from") { Description = "The form: question-answer, rows of {question, answer} as in GSM8K", Required = true };
        from.AcceptOnlyFromAmong(RowConversion.QuestionAnswer);
        var rows = new Option<int?>("--rows") { Description = "Only the first so many rows" };
        var target = new Option<FileInfo>("--out") { Description = "File to write", Required = true };
        var command = new Command("convert", "Turn rows of another form into chat rows.") { file, from, rows, target };
        command.SetAction((parsed, _) => RowConversion.Run(
            parsed.GetRequiredValue(file), parsed.GetRequiredValue(target), parsed.GetValue(rows), parsed.IsJson()));
        return command.WithExamples(
            ("hearth datasets convert train.jsonl --from question-answer --rows 100 --out chats.jsonl", "each question a user's message, each answer the assistant's"));
    }
}
