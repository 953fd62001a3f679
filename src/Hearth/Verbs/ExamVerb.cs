using System.CommandLine;
using Hearth.Cli;

namespace Hearth;

/// <summary><c>hearth exam</c>.</summary>
internal static class ExamVerb
{
    public static Command Create()
    {
        var folder = new Argument<DirectoryInfo>("model") { Description = "Folder of a model that the pre-training recipe made" };
        var rows = new Option<int>("--rows") { Description = "Held-out rows of each task", DefaultValueFactory = _ => 200 };
        var seed = new Option<ulong>("--seed") { Description = "Seed of the curriculum", DefaultValueFactory = _ => 1 };
        var command = new Command("exam", "Accuracy and loss of a pre-trained model on held-out rows of every task of the curriculum.") { folder, rows, seed };
        command.SetAction((parsed, cancellationToken) => ExamRun.RunAsync(
            parsed.GetRequiredValue(folder).FullName, parsed.GetValue(seed), parsed.GetValue(rows), parsed.IsJson(), cancellationToken));
        return command.WithExamples(("hearth exam models/hearth-tiny", "the table of the model card"));
    }
}
