using Hearth.Cli;
using Hearth.Server;

namespace Hearth;

/// <summary>What <c>hearth keys rotate</c> does.</summary>
internal static class KeyRotation
{
    public static async Task<int> RunAsync(string dataDirectory, string? newKeyFile, bool json, CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(dataDirectory, "hearth.db")))
            throw new CliException($"{dataDirectory} is no server's data directory. Name it with --data-dir.", ExitCodes.Usage);
        try
        {
            var current = new HearthServerOptions { DataDirectory = dataDirectory }.MasterKeyFile;
            var (dataKeys, id) = await MasterKeyRotation.RunAsync(dataDirectory, current, newKeyFile, TimeProvider.System, cancellationToken);
            if (json) CommandOutput.WriteJson(new { masterKey = id, dataKeys });
            else Console.Out.WriteLine($"The master key is now {id}; {dataKeys} data key{(dataKeys == 1 ? " is" : "s are")} wrapped with it.");
            if (newKeyFile is not null && !json) Console.Out.WriteLine($"Start the server with HEARTH_MASTER_KEY_FILE={newKeyFile}.");
            return ExitCodes.Success;
        }
        catch (InvalidOperationException e)
        {
            throw new CliException(e.Message, ExitCodes.Unavailable);
        }
    }
}
