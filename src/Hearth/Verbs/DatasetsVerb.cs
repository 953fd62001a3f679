using System.CommandLine;
using Hearth.Cli;

namespace Hearth;

/// <summary><c>hearth datasets</c>: what can be done with a data set without a server.</summary>
internal static class DatasetsVerb
{
    public static Command Create() => new("datasets", "Data sets in files.") { Validate() };

    private static Command Validate()
    {
        var file = new Argument<FileInfo>("file") { Description = "JSON Lines" };
        var command = new Command("validate", "Check a file as an upload would, and tell every line at fault.") { file };
        command.SetAction((parsed, cancellationToken) =>
            DatasetValidation.Run(parsed.GetRequiredValue(file), parsed.IsJson(), cancellationToken));
        return command.WithExamples(("hearth datasets validate chats.jsonl", "exit code 0: an upload would be taken; 1: the faults are listed"));
    }
}
