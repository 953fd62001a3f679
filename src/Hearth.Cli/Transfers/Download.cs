using Hearth.Client;

namespace Hearth.Cli;

/// <summary>Files of the server into a folder: each appears whole or not at all, and none that is there is replaced.</summary>
internal static class Download
{
    /// <param name="files">Address by path below <paramref name="folder"/>, with slashes.</param>
    /// <returns>The paths, in order.</returns>
    /// <exception cref="CliException">A file is there already, or a name would leave the folder.</exception>
    public static async Task<IReadOnlyList<string>> RunAsync(
        HearthClient client, IReadOnlyDictionary<string, string> files, DirectoryInfo folder, bool quiet, CancellationToken cancellationToken)
    {
        var paths = files.Keys.Order(StringComparer.Ordinal).ToList();
        foreach (var path in paths.Where(path => File.Exists(Target(folder, path))))
            throw new CliException($"{Target(folder, path)} is there already. Give an empty folder, or remove it.");
        await TransferView.RunAsync(paths, quiet, async (path, started, received) =>
        {
            var target = Target(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            var part = target + ".part";
            try
            {
                await using (var file = File.Create(part)) await client.GetFileAsync(files[path], file, started, received, cancellationToken);
                File.Move(part, target);
            }
            finally
            {
                File.Delete(part);
            }
        });
        return paths;
    }

    // Names come from the server: they may not lead out of the folder that was given.
    private static string Target(DirectoryInfo folder, string path)
    {
        var target = Path.GetFullPath(Path.Combine([folder.FullName, .. path.Split('/')]));
        return target.StartsWith(Path.TrimEndingDirectorySeparator(folder.FullName) + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? target
            : throw new CliException($"The server names a file '{path}', which would lie outside {folder.FullName}. Nothing was written.");
    }
}
