using System.CommandLine;
using Hearth.Client;

namespace Hearth.Cli;

/// <summary>A verb that talks to a server.</summary>
public static class ClientVerb
{
    /// <summary>Gives a command its server options and its action; what the server refuses becomes the command's message.</summary>
    public static Command CallsServer(this Command command, Func<ParseResult, HearthClient, CancellationToken, Task> act)
    {
        var options = new ServerOptions();
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(options, parsed, client => act(parsed, client, cancellationToken)));
        return command;
    }

    /// <summary>Does something with a server; what it refuses becomes the command's message.</summary>
    /// <exception cref="CliException">The server refuses, or does not answer.</exception>
    public static async Task<int> RunAsync(ServerOptions options, ParseResult parsed, Func<HearthClient, Task> act)
    {
        using var client = options.Connect(parsed);
        try
        {
            await act(client);
            return ExitCodes.Success;
        }
        catch (HearthApiException e)
        {
            throw new CliException(e.Message);
        }
        catch (HttpRequestException e)
        {
            throw new CliException($"No server answers at {options.UrlOf(parsed)}: {e.Message}", ExitCodes.Unavailable);
        }
    }
}
