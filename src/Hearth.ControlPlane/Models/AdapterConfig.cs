using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>What PEFT's <c>adapter_config.json</c> says about an adapter.</summary>
public sealed record AdapterConfig(int Rank, IReadOnlyList<string> TargetModules, string BaseModelType)
{
    /// <exception cref="InvalidDataException">The folder holds no adapter.</exception>
    public static AdapterConfig Read(string folder)
    {
        var path = Path.Combine(folder, "adapter_config.json");
        if (!File.Exists(path)) throw new InvalidDataException("The trainer's adapter folder has no adapter_config.json.");
        using var config = JsonDocument.Parse(File.ReadAllBytes(path));
        var root = config.RootElement;
        var modules = root.TryGetProperty("target_modules", out var listed) && listed.ValueKind == JsonValueKind.Array
            ? listed.EnumerateArray().Select(module => module.GetString() ?? "").ToList()
            : [];
        return new(root.GetProperty("r").GetInt32(), modules, root.TryGetProperty("model_type", out var type) ? type.GetString() ?? "" : "");
    }
}
