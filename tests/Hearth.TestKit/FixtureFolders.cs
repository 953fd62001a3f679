namespace Hearth.TestKit;

/// <summary>
/// Finds the reference values that tests compare with: below <c>HEARTH_FIXTURES</c>, else in ../shared/fixtures beside the repository, else the
/// small copy in tests/Fixtures.
/// </summary>
public static class FixtureFolders
{
    /// <summary>The repository's root: the folder of Hearth.slnx.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>A folder of fixtures, such as <c>architectures/numerics</c>.</summary>
    /// <exception cref="DirectoryNotFoundException"><c>HEARTH_FIXTURES</c> is set, but has no such folder; or there is no copy either.</exception>
    public static string Find(string relative)
    {
        string? given = Environment.GetEnvironmentVariable("HEARTH_FIXTURES");
        string[] roots = string.IsNullOrEmpty(given)
            ? [Path.Combine(RepositoryRoot, "..", "shared", "fixtures"), Path.Combine(RepositoryRoot, "..", "..", "shared", "fixtures"), Path.Combine(RepositoryRoot, "tests", "Fixtures")]
            : [given];
        foreach (string root in roots)
        {
            string folder = Path.GetFullPath(Path.Combine(root, relative));
            if (Directory.Exists(folder)) return folder;
        }
        throw new DirectoryNotFoundException($"No folder '{relative}' below {string.Join(" or ", roots)}. Set HEARTH_FIXTURES to a folder of fixtures.");
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Hearth.slnx"))) return folder.FullName;
        }
        throw new DirectoryNotFoundException($"No Hearth.slnx above {AppContext.BaseDirectory}.");
    }
}
