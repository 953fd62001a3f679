using System.IO.Compression;
using System.Text.Json;
using Hearth.TestKit;

namespace Hearth.Tokenization.Tests;

/// <summary>Reads reference values made by other libraries.</summary>
internal static class Fixture
{
    public static string Folder(string family) => FixtureFolder.Find(family);

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
}
