using System.CommandLine;

namespace Hearth.Cli;

/// <summary><c>hearth models</c>.</summary>
public static class ModelsCommand
{
    public static Command Create() => new("models", "Models of a server.") { List() };

    private static Command List() => new Command("list", "Models that answer now.").CallsServer(async (parsed, client, cancellationToken) =>
    {
        var models = (await client.ListInferenceModelsAsync(cancellationToken)).Data;
        if (parsed.IsJson()) CommandOutput.WriteJson(models.Select(model => new { id = model.Id, contextLength = model.ContextLength }));
        else if (models.Count == 0) Console.Out.WriteLine("No model answers. Deploy one with: hearth deploy hearth-tiny");
        else foreach (var model in models) Console.Out.WriteLine($"{model.Id}  (context {model.ContextLength})");
    });
}
