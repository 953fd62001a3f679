using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hearth;

/// <summary>What a server writes when it answers: how to reach it and with which key.</summary>
/// <param name="LimitedKey">Key of an inference user: it may ask models and nothing else.</param>
internal sealed record ReadyFile(string Url, string Account, string AdminKey, string? LimitedKey = null)
{
    /// <summary>Address of the gRPC endpoints; null: this version has none.</summary>
    public string? Grpc { get; init; }

    /// <summary>Key of the Tinker API; null: this version has none.</summary>
    public string? TinkerKey { get; init; }

    /// <summary>Writes the file so that whoever sees it sees all of it; only the owner may read it, because it holds a key.</summary>
    public void Write(string path)
    {
        var temporary = path + ".tmp";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(temporary, options)) JsonSerializer.Serialize(file, this, ReadyFileJson.Default.ReadyFile);
        File.Move(temporary, path, overwrite: true);
    }

    public static ReadyFile Read(string path) =>
        JsonSerializer.Deserialize(File.ReadAllBytes(path), ReadyFileJson.Default.ReadyFile)
        ?? throw new InvalidDataException($"{path} is empty; a server writes {{url, grpc, account, adminKey, tinkerKey, limitedKey}} there.");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ReadyFile))]
internal sealed partial class ReadyFileJson : JsonSerializerContext;
