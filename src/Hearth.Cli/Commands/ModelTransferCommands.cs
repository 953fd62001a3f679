using System.CommandLine;
using System.Text.RegularExpressions;
using Hearth.Client;
using Hearth.Contracts;

namespace Hearth.Cli;

/// <summary><c>hearth models upload</c> and <c>hearth models download</c>.</summary>
internal static partial class ModelTransferCommands
{
    private const string AdapterConfig = "adapter_config.json";
    private const int Conflict = 409;

    public static Command Upload()
    {
        var folder = new Argument<DirectoryInfo>("folder") { Description = "Hugging Face folder, a folder with one GGUF file, or a PEFT adapter" }.AcceptExistingOnly();
        var id = new Option<string?>("--id") { Description = "Id that the model gets; else the folder's name" };
        var baseModel = new Option<string?>("--base-model") { Description = "Of an adapter: the model it runs on" };
        var anyName = new Option<bool>("--any-base-name") { Description = "Take an adapter that calls its base model otherwise" };
        var command = new Command("upload", "Upload a model's files; returns when they are checked and the model is ready.") { folder, id, baseModel, anyName };
        return command.CallsServer(async (parsed, client, cancellationToken) =>
        {
            var source = parsed.GetRequiredValue(folder);
            var name = parsed.GetValue(id) ?? IdOf(source.Name);
            var files = FilesOf(source, parsed.GetValue(baseModel) is not null);
            await CreateAsync(client, name, parsed.GetValue(baseModel), cancellationToken);
            await SendAsync(client, name, files, parsed.IsJson(), cancellationToken);
            var warnings = (await client.ValidateModelUploadAsync(name, parsed.GetValue(anyName), cancellationToken)).Warnings;
            var model = await client.GetModelAsync(name, cancellationToken);
            if (parsed.IsJson())
            {
                CommandOutput.WriteJson(new { name = model.Name, kind = model.Kind.ToString(), warnings });
                return;
            }
            foreach (var warning in warnings) Console.Out.WriteLine($"warning: {warning}");
            Console.Out.WriteLine($"{model.Name} is ready. Deploy it with: hearth deploy {name}");
        }).WithExamples(
            ("hearth models upload ./SmolLM2-135M-Instruct --id smol", "a base model of the account's own"),
            ("hearth models upload ./my-adapter --base-model smol", "a LoRA adapter that PEFT wrote"));
    }

    public static Command Download()
    {
        var id = new Argument<string>("id") { Description = "A model of the account: uploaded or tuned" };
        var folder = new Argument<DirectoryInfo>("folder") { Description = "Folder for the files; made where it is missing" };
        var command = new Command("download", "Fetch a model's files.") { id, folder };
        return command.CallsServer(async (parsed, client, cancellationToken) =>
        {
            var target = parsed.GetRequiredValue(folder);
            var addresses = (await client.GetModelDownloadEndpointAsync(parsed.GetRequiredValue(id), cancellationToken)).FilenameToSignedUrls;
            var files = await Cli.Download.RunAsync(client, addresses, target, parsed.IsJson(), cancellationToken);
            if (parsed.IsJson())
            {
                CommandOutput.WriteJson(new { folder = target.FullName, files });
                return;
            }
            foreach (var licence in files.Where(file => Licence().IsMatch(file))) Console.Out.WriteLine($"Read {Path.Combine(target.FullName, licence)} before you pass the model on.");
            Console.Out.WriteLine($"{files.Count} files are in {target.FullName}.");
        }).WithExamples(("hearth models download my-model ./my-model", "an adapter in PEFT's format, for use anywhere"));
    }

    // A model that is there and still waits for files takes them: an upload that broke off goes on.
    private static async Task CreateAsync(HearthClient client, string id, string? baseModel, CancellationToken cancellationToken)
    {
        var model = baseModel is null
            ? new ModelParam { Kind = ModelKind.HF_BASE_MODEL }
            : new ModelParam { Kind = ModelKind.HF_PEFT_ADDON, PeftDetails = new() { BaseModel = baseModel, R = 0, TargetModules = [] } };
        try
        {
            await client.CreateModelAsync(id, model, cancellationToken);
        }
        catch (HearthApiException exists) when (exists.Status == Conflict)
        {
            if ((await client.GetModelAsync(id, cancellationToken)).State != UploadState.UPLOADING) throw;
        }
    }

    private static async Task SendAsync(HearthClient client, string id, Dictionary<string, FileInfo> files, bool quiet, CancellationToken cancellationToken)
    {
        var addresses = (await client.GetModelUploadEndpointAsync(id, files.ToDictionary(file => file.Key, file => file.Value.Length), cancellationToken)).FilenameToSignedUrls;
        await TransferView.RunAsync([.. files.Keys.Order(StringComparer.Ordinal)], quiet, async (file, started, sent) =>
        {
            started(files[file].Length);
            await using var content = files[file].OpenRead();
            await client.PutFileAsync(addresses[file], content, files[file].Length, sent, cancellationToken);
        });
    }

    private static Dictionary<string, FileInfo> FilesOf(DirectoryInfo folder, bool isAdapter)
    {
        var files = folder.EnumerateFiles().Where(file => !file.Name.StartsWith('.')).ToDictionary(file => file.Name);
        if (files.Count == 0) throw new CliException($"{folder.FullName} has no files. Give the folder of a model.", ExitCodes.Usage);
        if (!isAdapter && files.ContainsKey(AdapterConfig)) throw new CliException($"{folder.FullName} holds an adapter. Name the model it runs on with --base-model.", ExitCodes.Usage);
        return files;
    }

    private static string IdOf(string folder) => NoId().Replace(folder.ToLowerInvariant(), "-").Trim('-');

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NoId();

    [GeneratedRegex("^(licen[cs]e|copying|notice)", RegexOptions.IgnoreCase)]
    private static partial Regex Licence();
}
