using System.Text.Json;
using System.Text.Json.Nodes;
using Hearth.Models;
using Hearth.TestKit;

namespace Hearth.Inference.Tests;

/// <summary>A tiny random model of the architecture fixtures, in an engine.</summary>
internal static class FixtureModel
{
    private const string Family = "architectures";

    /// <summary>Families that the engine serves; the others are named by the tests of Hearth.Models.</summary>
    private static readonly string[] Served = ["llama", "mistral", "qwen2", "qwen3", "qwen3_moe"];

    public static IEnumerable<string> Names() => FixtureFolder.Cases(Family).Where(name =>
        File.Exists(Path.Combine(Folder(name), "config.json")) && Served.Contains(Config(name)["model_type"]!.GetValue<string>()));

    public static string Folder(string name) => Path.Combine(FixtureFolder.Find(Family), name);

    /// <summary>Its weights as they are.</summary>
    public static ModelRunner Load(string name, ModelRunnerOptions options)
    {
        using var files = ModelFiles.Open(Folder(name));
        return ModelRunner.Load(files, options);
    }

    /// <summary>Its weights with room for longer sequences than it was made for: the values mean nothing, but their bits must not depend on the batch.</summary>
    public static ModelRunner LoadLong(string name, ModelRunnerOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("hearth-long-");
        try
        {
            var config = Config(name);
            config["max_position_embeddings"] = 1024;
            File.WriteAllText(Path.Combine(folder.FullName, "config.json"), config.ToJsonString());
            foreach (string file in Directory.GetFiles(Folder(name), "model*.safetensors*")) File.Copy(file, Path.Combine(folder.FullName, Path.GetFileName(file)));
            using var files = ModelFiles.Open(folder.FullName);
            return ModelRunner.Load(files, options);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public static IEnumerable<(int[] Ids, int[] Greedy, double[] Logprobs)> Prompts(string caseFile)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(caseFile));
        foreach (var prompt in document.RootElement.GetProperty("prompts").EnumerateArray())
            yield return (
                [.. prompt.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())],
                [.. prompt.GetProperty("greedy").GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())],
                [.. prompt.GetProperty("greedy").GetProperty("logprobs").EnumerateArray().Select(logprob => logprob.GetDouble())]);
    }

    private static JsonObject Config(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder(name), "config.json")))!.AsObject();
}
