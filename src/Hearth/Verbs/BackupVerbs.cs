using System.CommandLine;
using Hearth.Cli;

namespace Hearth;

/// <summary><c>hearth backup</c> and <c>hearth restore</c>.</summary>
internal static class BackupVerbs
{
    public static Command CreateBackup()
    {
        var target = new Argument<DirectoryInfo>("folder") { Description = "New or empty folder to write to" };
        var data = Data("Folder of the server, which may run meanwhile");
        var command = new Command("backup", "Copy a server's data while it runs. Keys and credentials stay out: keep keys/master apart.") { target, data };
        command.SetAction((parsed, cancellationToken) => BackupRun.Backup(
            parsed.GetRequiredValue(data).FullName, parsed.GetRequiredValue(target).FullName, parsed.IsJson(), cancellationToken));
        return command.WithExamples(
            ("hearth backup /mnt/backups/monday", "the data of this machine's server, as it is at one moment"),
            ("hearth backup ./copy --data-dir ./data --output json", "for scripts: files, bytes and schema"));
    }

    public static Command CreateRestore()
    {
        var backup = new Argument<DirectoryInfo>("folder") { Description = "What 'hearth backup' wrote" };
        var data = Data("New or empty folder to become a server's");
        var command = new Command("restore", "Make a data directory of a backup; every blob is checked. Nothing is overwritten.") { backup, data };
        command.SetAction((parsed, cancellationToken) => BackupRun.Restore(
            parsed.GetRequiredValue(backup).FullName, parsed.GetRequiredValue(data).FullName, parsed.IsJson(), cancellationToken));
        return command.WithExamples(
            ("hearth restore /mnt/backups/monday --data-dir ./data", "then put keys/master back where secrets are used, and start: hearth serve --data-dir ./data"));
    }

    private static Option<DirectoryInfo> Data(string description) => new("--data-dir")
    {
        Description = description,
        DefaultValueFactory = _ => new DirectoryInfo(DataDirectory.Default),
    };
}
