using System.Text.Json.Nodes;
using Hearth.TestKit;

namespace Hearth.Models.Tests;

/// <summary>Copies of the smallest fixture model, to be changed and removed.</summary>
internal static class SmallModel
{
    public const string Name = "llama-tied";

    public static string Original => Path.Combine(FixtureFolder.Find("architectures"), Name);

    /// <summary>A copy of config.json and the weights.</summary>
    public static string Copy(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in (string[])["config.json", "model.safetensors"]) Rewrite(Path.Combine(Original, file), Path.Combine(folder, file));
        return folder;
    }

    /// <summary>A copy whose config.json was changed.</summary>
    public static string Copy(string folder, Action<JsonObject> change)
    {
        Copy(folder);
        var path = Path.Combine(folder, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(config);
        File.WriteAllText(path, config.ToJsonString());
        return folder;
    }

    // Not File.Copy: the fixtures may be read-only, and so would the copy be.
    private static void Rewrite(string from, string to) => File.WriteAllBytes(to, File.ReadAllBytes(from));
}
