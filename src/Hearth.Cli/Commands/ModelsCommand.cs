using System.CommandLine;
using Hearth.Contracts;

namespace Hearth.Cli;

/// <summary><c>hearth models</c>.</summary>
public static class ModelsCommand
{
    /// <summary>Account of the operator's base models.</summary>
    private const string Catalogue = "fireworks";

    public static Command Create() => new("models", "Models of a server.") { List() };

    private static Command List() => new Command("list", "Models of the account and of the catalogue.").CallsServer(async (parsed, client, cancellationToken) =>
    {
        var models = new List<Model>();
        foreach (var account in new[] { client.Account, Catalogue })
            await foreach (var model in client.ListAsync<Model>("models", account: account, cancellationToken: cancellationToken)) models.Add(model);
        if (parsed.IsJson()) CommandOutput.WriteJson(models.Select(model => new { name = model.Name, kind = model.Kind.ToString(), state = model.State.ToString() }));
        else foreach (var model in models) Console.Out.WriteLine($"{model.Name}  {model.Kind}  {model.State}");
    });
}
