using System.CommandLine;
using Hearth.Cli;

namespace Hearth;

/// <summary><c>hearth datasets</c>: check, look at and rewrite data sets, in files and on a server.</summary>
internal static class DatasetsVerb
{
    public static Command Create() => new Command("datasets", "Data sets, in files and on a server.")
    {
        Validate(),
        DatasetCommands.Report(),
        DatasetCommands.Download(),
        Render(),
        Convert(),
        InlineImages(),
    }.WithExamples(
        ("hearth datasets validate chats.jsonl", "checks a file; every row format is in docs/datasets.md"),
        ("hearth datasets render chats.jsonl --row 1", "shows what the model reads of a row, and what is trained"));

    private static Command Validate()
    {
        var file = new Argument<FileInfo>("file") { Description = "JSON Lines" };
        var format = new Option<string?>("--format") { Description = "What the rows must be; else the first good row decides" };
        format.AcceptOnlyFromAmong([.. ControlPlane.RowFormats.Names]);
        var model = ModelOption("Count this model's tokens too: a folder, a GGUF file, or hearth-tiny");
        var command = new Command("validate", "Check a file as an upload would, and tell every line at fault.") { file, format, model };
        command.SetAction((parsed, cancellationToken) => DatasetValidation.RunAsync(
            parsed.GetRequiredValue(file), parsed.GetValue(format), parsed.GetValue(model), parsed.IsJson(), cancellationToken));
        return command.WithExamples(
            ("hearth datasets validate chats.jsonl", "exit code 0: an upload would be taken; 1: the faults are listed"),
            ("hearth datasets validate chats.jsonl --model ./SmolLM2-135M-Instruct", "also tokens, rows beyond the context, rows that train nothing"));
    }

    private static Command Render()
    {
        var source = new Argument<string>("source") { Description = "A file, or a dataset's id on the server" };
        var row = new Option<long>("--row") { Description = "Number of the row, from 1; blank lines are not rows", Required = true };
        var model = ModelOption("Of a file: a folder, a GGUF file, or hearth-tiny. Of a dataset: a model of the server");
        model.DefaultValueFactory = _ => EmbeddedModel.Name;
        var tokens = new Option<bool>("--tokens") { Description = "Also list the tokens with their ids" };
        var command = new Command("render", "Show a row as a model reads it, and which of its tokens are trained.") { source, row, model, tokens };
        var server = new ServerOptions();
        server.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (name, number, list) = (parsed.GetRequiredValue(source), parsed.GetValue(row), parsed.GetValue(tokens));
            if (File.Exists(name)) return await LocalRows.RenderAsync(new(name), number, parsed.GetValue(model)!, list, parsed.IsJson(), cancellationToken);
            return await ClientVerb.RunAsync(server, parsed, client =>
                DatasetCommands.WriteRowAsync(client, name, number, parsed.GetValue(model), list, parsed.IsJson(), cancellationToken));
        });
        return command.WithExamples(
            ("hearth datasets render chats.jsonl --row 3", "the embedded model's template; what is trained is coloured"),
            ("hearth datasets render my-rows --row 3 --model accounts/fireworks/models/smol --tokens", "a row on the server, token by token"));
    }

    private static Command Convert()
    {
        var (file, target, targetOption) = Files("JSON Lines in another form");
        var from = new Option<string>("--from")
        {
            Description = "The form: question-answer, rows of {question, answer} as in GSM8K; chosen-rejected, pairs of conversations or of answers to a prompt",
            Required = true,
        };
        from.AcceptOnlyFromAmong([.. RowForms.All.Keys]);
        var rows = new Option<int?>("--rows") { Description = "Only the first so many rows" };
        var command = new Command("convert", "Turn rows of another form into rows that can be uploaded.") { file, target, from, rows, targetOption };
        command.SetAction((parsed, _) => RowConversion.Run(
            parsed.GetRequiredValue(file), parsed.GetValue(target) ?? parsed.GetValue(targetOption) ?? throw NoTarget(), parsed.GetValue(rows), parsed.IsJson(),
            RowForms.All[parsed.GetRequiredValue(from)]));
        return command.WithExamples(
            ("hearth datasets convert train.jsonl --from question-answer --rows 100 --out chats.jsonl", "each question a user's message, each answer the assistant's"),
            ("hearth datasets convert --from chosen-rejected pairs.jsonl preferences.jsonl", "rows for preference tuning"));
    }

    private static Command InlineImages()
    {
        var (file, target, targetOption) = Files("JSON Lines with paths of image files");
        var command = new Command("inline-images", "Put the PNG and JPEG files that rows name into the rows. Addresses are not fetched.") { file, target, targetOption };
        command.SetAction((parsed, _) =>
        {
            var source = parsed.GetRequiredValue(file);
            return RowConversion.Run(
                source, parsed.GetValue(target) ?? parsed.GetValue(targetOption) ?? throw NoTarget(), null, parsed.IsJson(),
                row => ImageInlining.Inline(row, source.DirectoryName ?? "."));
        });
        return command.WithExamples(("hearth datasets inline-images photos.jsonl inlined.jsonl", "paths are relative to the file's folder"));
    }

    private static (Argument<FileInfo> File, Argument<FileInfo?> Target, Option<FileInfo?> TargetOption) Files(string description) => (
        new("file") { Description = description },
        new("out") { Description = "File to write", Arity = ArgumentArity.ZeroOrOne },
        new("--out") { Description = "The same, as an option" });

    private static Option<string?> ModelOption(string description) => new("--model") { Description = description };

    private static CliException NoTarget() => new("Name the file to write.", ExitCodes.Usage);
}
