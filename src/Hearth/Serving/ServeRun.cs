using Hearth.Cli;

namespace Hearth;

/// <summary>Runs a server: composes control plane, API and node agent, and waits until it is asked to end.</summary>
internal static class ServeRun
{
    public static Task<int> RunAsync(ServeOptions options, CancellationToken cancellationToken) =>
        throw new CliException($"The server for {options.DataDirectory} is not part of this build.");
}
