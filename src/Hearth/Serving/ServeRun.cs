using Hearth.Cli;
using Hearth.ControlPlane;
using Hearth.Server;
using Hearth.Workers;
using Microsoft.Extensions.DependencyInjection;

namespace Hearth;

/// <summary>Runs a server: composes control plane, API and node agent, makes the base models known, and waits until it is asked to end.</summary>
internal static class ServeRun
{
    public static async Task<int> RunAsync(ServeOptions options, CancellationToken cancellationToken)
    {
        var node = NodeAgentOptions.ForDataDirectory(options.Server.DataDirectory);
        await using var server = await CreateAsync(options, node, cancellationToken);
        var models = await RegisterModelsAsync(server, options, cancellationToken);
        await server.StartAsync(cancellationToken);
        if (options.ReadyFile is { } path)
            new ReadyFile(server.Url, server.Account, server.AdminKey ?? "", await server.LimitedKeyAsync(cancellationToken)).Write(path);
        StartReport.Write(server, options, models);
        await WaitAsync(server, cancellationToken);
        return ExitCodes.Success;
    }

    private static async Task<HearthServer> CreateAsync(ServeOptions options, NodeAgentOptions node, CancellationToken cancellationToken)
    {
        try
        {
            return await HearthServer.CreateAsync(
                options.Server,
                services => services
                    .AddSingleton(node)
                    .AddSingleton<IReplicaGateway, ReplicaGateway>()
                    .AddSingleton<IModelProbe, ModelProbe>()
                    .AddSingleton<IRowRenderer, RowRenderer>()
                    .AddSingleton<IModelChecks, ModelChecks>()
                    .AddHostedService<NodeService>(),
                cancellationToken);
        }
        catch (InvalidOperationException e)
        {
            // Another server holds the directory, the address is not safe, the database is newer: the message says what to do.
            throw new CliException(e.Message, ExitCodes.Unavailable);
        }
    }

    private static async Task<IReadOnlyList<string>> RegisterModelsAsync(HearthServer server, ServeOptions options, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        if (EmbeddedModel.Exists) names.Add(await RegisterAsync(server, EmbeddedModel.Name, EmbeddedModel.Folder, cancellationToken));
        foreach (var model in options.Models)
        {
            if (model.Split('=', 2) is not [{ Length: > 0 } name, { Length: > 0 } path])
                throw new CliException($"--model {model}: expected NAME=PATH, such as smol=./SmolLM2-135M-Instruct.", ExitCodes.Usage);
            names.Add(await RegisterAsync(server, name, path, cancellationToken));
        }
        return names;
    }

    private static async Task<string> RegisterAsync(HearthServer server, string name, string path, CancellationToken cancellationToken)
    {
        try
        {
            var facts = await server.Services.GetRequiredService<IModelProbe>().ProbeAsync(path, cancellationToken);
            return await server.RegisterBaseModelAsync(name, path, facts, name, cancellationToken);
        }
        catch (HearthException e)
        {
            throw new CliException(e.Message, ExitCodes.Usage);
        }
    }

    private static async Task WaitAsync(HearthServer server, CancellationToken cancellationToken)
    {
        try
        {
            await server.WaitForShutdownAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C or SIGTERM: the end that everybody hopes for.
        }
        await server.StopAsync(CancellationToken.None);
    }
}
