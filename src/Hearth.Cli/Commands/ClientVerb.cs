using System.CommandLine;
using Hearth.Client;

namespace Hearth.Cli;

/// <summary>A verb that talks to a server.</summary>
internal static class ClientVerb
{
    /// <summary>Gives a command its server options and its action; what the server refuses becomes the command's message.</summary>
    public static Command CallsServer(this Command command, Func<ParseResult, HearthClient, CancellationToken, Task> act)
    {
        var options = new ServerOptions();
        options.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = options.Connect(parsed);
            try
            {
                await act(parsed, client, cancellationToken);
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
        });
        return command;
    }
}
