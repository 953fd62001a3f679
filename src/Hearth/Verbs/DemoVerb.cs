using System.CommandLine;
using Hearth.Cli;

namespace Hearth;

/// <summary><c>hearth demo</c>.</summary>
internal static class DemoVerb
{
    public static Command Create()
    {
        var keep = new Option<bool>("--keep") { Description = "Leave the server running and its folder in place, and print how to call it" };
        var model = new Option<FileSystemInfo?>("--base-model")
        {
            Description = "Tune this model in place of the embedded one: a Hugging Face folder or a GGUF file",
        };
        var command = new Command(
            "demo", "Fine-tune, deploy and query a real model: a server, a data set, a job, an answer, and a table of before and after.")
        {
            keep, model,
        };
        command.SetAction((parsed, cancellationToken) => DemoRun.RunAsync(
            new DemoOptions(parsed.GetValue(keep), parsed.GetValue(model)?.FullName, parsed.IsJson()), cancellationToken));
        return command.WithExamples(
            ("hearth demo", "everything in a temporary folder that is named and removed at the end"),
            ("hearth demo --keep", "go on from there: the server stays and the tuned model with it"),
            ("hearth demo --output json", "the same for programs: one object with the figures before and after"));
    }
}

/// <summary>What <c>hearth demo</c> was asked for.</summary>
internal sealed record DemoOptions(bool Keep, string? BaseModelPath, bool Json);
