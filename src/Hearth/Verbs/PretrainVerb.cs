using System.CommandLine;
using Hearth.Cli;

namespace Hearth;

/// <summary><c>hearth pretrain</c>.</summary>
internal static class PretrainVerb
{
    public static Command Create()
    {
        var recipe = new Argument<FileInfo>("recipe") { Description = "Recipe file, such as recipes/hearth-tiny.json" };
        var folder = new Option<DirectoryInfo>("--out") { Description = "Folder for checkpoint, losses and the finished model; an earlier run there is resumed", Required = true };
        var steps = new Option<int?>("--steps") { Description = "Stop after so many steps of the recipe's schedule" };
        var command = new Command("pretrain", "Pre-train a small model from nothing on generated text.") { recipe, folder, steps };
        command.SetAction((parsed, cancellationToken) => PretrainRun.RunAsync(
            parsed.GetRequiredValue(recipe).FullName, parsed.GetRequiredValue(folder).FullName, parsed.GetValue(steps), cancellationToken));
        return command.WithExamples(
            ("hearth pretrain recipes/hearth-tiny.json --out out/tiny", "the embedded model, about 40 minutes on 2 cores"),
            ("hearth pretrain recipes/hearth-tiny.json --out out/tiny --steps 30", "its first 30 losses, equal to the committed ones to the byte"));
    }
}
