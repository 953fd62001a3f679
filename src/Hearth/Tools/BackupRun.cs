using Hearth.Cli;
using Hearth.Server;

namespace Hearth;

/// <summary>What <c>hearth backup</c> and <c>hearth restore</c> do.</summary>
internal static class BackupRun
{
    public static Task<int> Backup(string dataDirectory, string target, bool json, CancellationToken cancellationToken) => Told(() =>
    {
        var manifest = Server.Backup.Take(dataDirectory, target, TimeProvider.System, cancellationToken);
        if (json) CommandOutput.WriteJson(new { folder = target, schema = manifest.Schema, time = manifest.Time, files = manifest.Files, bytes = manifest.Bytes });
        else Console.Out.WriteLine($"{target}: the database and {manifest.Files} files, {manifest.Bytes:N0} bytes. Keys are not in it: keep {Path.Combine(dataDirectory, "keys", "master")} apart.");
    });

    public static Task<int> Restore(string backup, string dataDirectory, bool json, CancellationToken cancellationToken) => Told(() =>
    {
        var manifest = Server.Restore.Run(backup, dataDirectory, cancellationToken);
        if (json) CommandOutput.WriteJson(new { dataDirectory, schema = manifest.Schema, time = manifest.Time, files = manifest.Files, bytes = manifest.Bytes });
        else Console.Out.WriteLine($"{dataDirectory} is as {manifest.DataDirectory} was on {manifest.Time:u}. Put keys/master back where secrets are used; then: hearth serve --data-dir {dataDirectory}");
    });

    private static Task<int> Told(Action work)
    {
        try
        {
            work();
            return Task.FromResult(ExitCodes.Success);
        }
        catch (InvalidOperationException e)
        {
            throw new CliException(e.Message);
        }
    }
}
