using System.CommandLine;
using Hearth.Contracts;

namespace Hearth.Cli;

/// <summary><c>hearth models</c>.</summary>
public static class ModelsCommand
{
    /// <summary>Account of the operator's base models.</summary>
    private const string Catalogue = "fireworks";

    public static Command Create() => new("models", "Models of a server.") { List(), Import(), ModelTransferCommands.Upload(), ModelTransferCommands.Download() };

    private static Command List() => new Command("list", "Models of the account and of the catalogue.").CallsServer(async (parsed, client, cancellationToken) =>
    {
        var models = new List<Model>();
        foreach (var account in new[] { client.Account, Catalogue })
            await foreach (var model in client.ListAsync<Model>("models", account: account, cancellationToken: cancellationToken)) models.Add(model);
        if (parsed.IsJson()) CommandOutput.WriteJson(models.Select(model => new { name = model.Name, kind = model.Kind.ToString(), state = model.State.ToString() }));
        else foreach (var model in models) Console.Out.WriteLine($"{model.Name}  {model.Kind}  {model.State}");
    });

    private static Command Import()
    {
        var name = new Argument<string>("name") { Description = "Id that the model gets" };
        var path = new Argument<FileSystemInfo>("path") { Description = "Hugging Face folder or GGUF file on the server's machine" };
        var command = new Command("import", "Make a model on the server's machine a base model.") { name, path };
        return command.CallsServer(async (parsed, client, cancellationToken) =>
        {
            var id = parsed.GetRequiredValue(name);
            var model = await client.ImportBaseModelAsync(id, parsed.GetRequiredValue(path).FullName, id, cancellationToken);
            if (parsed.IsJson()) CommandOutput.WriteJson(new { name = model.Name, contextLength = model.ContextLength, parameters = model.BaseModelDetails?.ParameterCount });
            else Console.Out.WriteLine($"{model.Name} is ready: {model.BaseModelDetails?.ParameterCount:N0} parameters, context {model.ContextLength}.");
        }).WithExamples(("hearth models import smol ./SmolLM2-135M-Instruct", "a folder with config.json, tokenizer.json and weights"));
    }
}
