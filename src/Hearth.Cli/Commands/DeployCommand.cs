using System.CommandLine;
using Hearth.Client;
using Hearth.Contracts;

namespace Hearth.Cli;

/// <summary><c>hearth deploy</c>: make a model answer: a base model on a replica of its own, an adapter on a replica of its base model.</summary>
public static class DeployCommand
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "A base model or a tuned one" };
        var command = new Command("deploy", "Serve a model; returns when it answers.") { model };
        return command.CallsServer(async (parsed, client, cancellationToken) =>
        {
            var id = parsed.GetRequiredValue(model);
            var place = id.Split('/')[^1];
            var deployment = await client.CreateDeploymentAsync(new DeploymentParam { BaseModel = id, MinReplicaCount = 1 }, place, cancellationToken);
            await client.WaitForDeploymentAsync(place, PollInterval, cancellationToken);
            if (parsed.IsJson()) CommandOutput.WriteJson(new { deployment = deployment.Name });
            else Console.Out.WriteLine($"{deployment.Name} answers. Ask it with: hearth chat {deployment.Name}");
        }).WithExamples(
            ("hearth deploy hearth-tiny", "serves the embedded model"),
            ("hearth deploy my-model", "serves an adapter merged with its base model's replica"));
    }
}
