using System.CommandLine;
using Hearth.Cli;

namespace Hearth;

/// <summary><c>hearth keys</c>: the keys of a data directory, while no server runs on it.</summary>
internal static class KeysVerb
{
    public static Command Create() => new("keys", "The key that protects a server's secrets.") { Rotate() };

    private static Command Rotate()
    {
        var data = new Option<DirectoryInfo>("--data-dir")
        {
            Description = "Folder of the server, which must not run",
            DefaultValueFactory = _ => new DirectoryInfo(DataDirectory.Default),
        };
        var next = new Option<FileInfo?>("--new-key-file") { Description = "Where the server reads its key from HEARTH_MASTER_KEY_FILE: the file with the new one" };
        var command = new Command("rotate", "Replace the master key. Secrets keep their values.") { data, next };
        command.SetAction((parsed, cancellationToken) =>
            KeyRotation.RunAsync(parsed.GetRequiredValue(data).FullName, parsed.GetValue(next)?.FullName, parsed.IsJson(), cancellationToken));
        return command.WithExamples(
            ("hearth keys rotate", "a new key in keys/master of the data directory; then start the server again"),
            ("hearth keys rotate --new-key-file ./master-2", "where HEARTH_MASTER_KEY_FILE names the old key: set it to the new file afterwards"));
    }
}
