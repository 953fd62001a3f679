using System.Text.Json;

namespace Hearth.Models;

/// <summary>Reads small JSON files that come with models; faults name the file.</summary>
internal static class JsonFiles
{
    private const long MaxBytes = 256 << 20;

    public static JsonDocument Load(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: > MaxBytes }) throw Fault(path, "is larger than 256 MiB");
        try
        {
            var document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw Fault(path, "is not a JSON object");
        }
        catch (JsonException fault)
        {
            throw Fault(path, $"is not valid JSON ({fault.Message})");
        }
    }

    private static InvalidDataException Fault(string path, string what) => new($"{Path.GetFileName(path)} {what}. Get the file again.");
}
