namespace Hearth.TestKit;

/// <summary>Finds the reference values that tests compare with.</summary>
/// <remarks>
/// The whole set lies outside the repository: in the folder named by HEARTH_FIXTURES, else in ../shared/fixtures. Where neither
/// exists, the small copy in tests/Fixtures stands in. Folders are enumerated, so a new one of a known layout is a new case.
/// </remarks>
public static class FixtureFolder
{
    private const string FixturesVariable = "HEARTH_FIXTURES";
    private const string ModelsVariable = "HEARTH_MODELS";

    /// <summary>The folder that has Hearth.slnx.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>A folder of the fixtures, such as "gguf" or "gguf/malformed".</summary>
    /// <exception cref="DirectoryNotFoundException">HEARTH_FIXTURES is set but has no such folder, or it is empty; or nothing has it.</exception>
    public static string Find(string family) => TryFind(family)
        ?? throw new DirectoryNotFoundException($"There are no fixtures '{family}' in ../shared/fixtures or tests/Fixtures. Set {FixturesVariable} to the folder that has them.");

    /// <summary>As <see cref="Find"/>; null where neither the shared fixtures nor the copy have the folder.</summary>
    public static string? TryFind(string family)
    {
        if (Environment.GetEnvironmentVariable(FixturesVariable) is { Length: > 0 } given)
            return HasFiles(Path.Combine(given, family))
                ? Path.Combine(given, family)
                : throw new DirectoryNotFoundException($"{FixturesVariable} is set to a folder without '{family}'. Correct it or unset it.");
        string[] places = [Path.Combine(RepositoryRoot, "..", "shared", "fixtures"), Path.Combine(RepositoryRoot, "tests", "Fixtures")];
        return places.Select(place => Path.GetFullPath(Path.Combine(place, family))).FirstOrDefault(HasFiles);
    }

    /// <summary>Names of the folders in a family, in ordinal order.</summary>
    public static IReadOnlyList<string> Cases(string family) =>
        [.. Directory.GetDirectories(Find(family)).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    /// <summary>Names of the files of a family that match a pattern, in ordinal order.</summary>
    public static IReadOnlyList<string> Files(string family, string pattern) =>
        [.. Directory.GetFiles(Find(family), pattern).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    /// <summary>The folder of a real model (HEARTH_MODELS, else ../shared/models); null where it is absent, since models are never in the repository.</summary>
    public static string? TryFindModel(string name)
    {
        var given = Environment.GetEnvironmentVariable(ModelsVariable);
        var models = string.IsNullOrEmpty(given) ? Path.Combine(RepositoryRoot, "..", "shared", "models") : given;
        var folder = Path.GetFullPath(Path.Combine(models, name));
        return HasFiles(folder) ? folder : null;
    }

    private static bool HasFiles(string folder) => Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any();

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Hearth.slnx"))) return folder.FullName;
        throw new DirectoryNotFoundException("Tests run inside the repository: no folder above them has Hearth.slnx.");
    }
}
