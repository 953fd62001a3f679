using System.IO.Compression;
using System.Text.Json;

namespace Hearth.Tokenization.Tests;

/// <summary>
/// Reference values made by other libraries: HEARTH_FIXTURES, else shared/fixtures beside the repository, else the
/// small copy in tests/Fixtures.
/// </summary>
internal static class Fixture
{
    private static readonly string Root = FindRoot();

    public static string Folder(string family)
    {
        var folder = Path.Combine(Root, family);
        Assert.True(Directory.Exists(folder), $"Fixture folder '{family}' is missing; HEARTH_FIXTURES must name the folder that holds it.");
        return folder;
    }

    /// <summary>Reads a file that may be compressed: NAME or NAME.gz.</summary>
    public static byte[] Read(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        if (File.Exists(path)) return File.ReadAllBytes(path);
        using var file = File.OpenRead(path + ".gz");
        using var unzip = new GZipStream(file, CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        unzip.CopyTo(bytes);
        return bytes.ToArray();
    }

    public static JsonElement ReadJson(string folder, string name)
    {
        using var document = JsonDocument.Parse(Read(folder, name));
        return document.RootElement.Clone();
    }

    private static string FindRoot()
    {
        if (Environment.GetEnvironmentVariable("HEARTH_FIXTURES") is { Length: > 0 } named) return named;
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Hearth.slnx"))) folder = Path.GetDirectoryName(folder)!;
        var shared = Path.Combine(folder, "..", "shared", "fixtures");
        return Directory.Exists(shared) ? shared : Path.Combine(folder, "tests", "Fixtures");
    }
}
