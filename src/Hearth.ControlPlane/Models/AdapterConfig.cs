using System.Security.Cryptography;
using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>What PEFT's <c>adapter_config.json</c> says about an adapter.</summary>
public sealed record AdapterConfig(int Rank, IReadOnlyList<string> TargetModules, string BaseModelType)
{
    /// <param name="hash">SHA-256 of the weights, as the trainer reported it.</param>
    /// <exception cref="InvalidDataException">The folder holds no adapter, or other weights than those reported.</exception>
    public static AdapterConfig Read(string folder, string hash)
    {
        using (var weights = File.OpenRead(Require(folder, "adapter_model.safetensors")))
        {
            if (Convert.ToHexStringLower(SHA256.HashData(weights)) != hash) throw new InvalidDataException("The adapter's weights are not the ones that the trainer reported.");
        }
        using var config = JsonDocument.Parse(File.ReadAllBytes(Require(folder, "adapter_config.json")));
        var root = config.RootElement;
        var modules = root.TryGetProperty("target_modules", out var listed) && listed.ValueKind == JsonValueKind.Array
            ? listed.EnumerateArray().Select(module => module.GetString() ?? "").ToList()
            : [];
        return new(root.GetProperty("r").GetInt32(), modules, root.TryGetProperty("model_type", out var type) ? type.GetString() ?? "" : "");
    }

    private static string Require(string folder, string file) =>
        File.Exists(Path.Combine(folder, file)) ? Path.Combine(folder, file) : throw new InvalidDataException($"The trainer's adapter folder has no {file}.");
}
