using System.Text.Json.Nodes;
using Hearth.ControlPlane;

namespace Hearth;

/// <summary>Puts the image files that rows name into the rows. Addresses are not fetched: download what you trust first.</summary>
internal static class ImageInlining
{
    /// <summary>Replaces each image's path, wherever a row holds one, by a data URI; data URIs stay as they are.</summary>
    /// <param name="folder">Where relative paths begin.</param>
    /// <exception cref="FormatException">An image is an address, is not there, or is none that rows may hold.</exception>
    public static JsonNode Inline(JsonObject row, string folder)
    {
        Walk(row, folder);
        return row;
    }

    private static void Walk(JsonNode? node, string folder)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list) Walk(item, folder);
            return;
        }
        if (node is not JsonObject fields) return;
        if (fields["type"]?.GetValueKind() == System.Text.Json.JsonValueKind.String && fields["type"]!.GetValue<string>() == "image_url") InlinePart(fields, folder);
        else foreach (var (_, value) in fields) Walk(value, folder);
    }

    // Some write the address where an object with it belongs.
    private static void InlinePart(JsonObject part, string folder)
    {
        var url = part["image_url"] switch
        {
            JsonObject image when image["url"] is JsonValue value && value.TryGetValue<string>(out var inner) => inner,
            JsonValue value when value.TryGetValue<string>(out var direct) => direct,
            _ => throw new FormatException("an image has no url"),
        };
        if (part["image_url"] is JsonValue) part["image_url"] = new JsonObject();
        part["image_url"]!["url"] = url.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? url : DataUri(url, folder);
    }

    private static string DataUri(string url, string folder)
    {
        if (url.Contains("://") && !url.StartsWith("file://", StringComparison.OrdinalIgnoreCase))
            throw new FormatException($"the image {url} is an address, which this program does not fetch; download it and name the file");
        var path = Path.Combine(folder, url.StartsWith("file://", StringComparison.OrdinalIgnoreCase) ? new Uri(url).LocalPath : url);
        if (!File.Exists(path)) throw new FormatException($"there is no image {path}");
        if (new FileInfo(path).Length > ImageParts.MaxBytes) throw new FormatException($"the image {path} is larger than {ImageParts.MaxBytes >> 20} MB; scale it down");
        var bytes = File.ReadAllBytes(path);
        return ImageHeader.Read(bytes) is not { } header
            ? throw new FormatException($"the image {path} is neither PNG nor JPEG; convert it")
            : (long)header.Width * header.Height > ImageParts.MaxPixels
                ? throw new FormatException($"the image {path} has {header.Width} x {header.Height} pixels; scale it down")
                : $"data:image/{(header.Kind == ImageKind.Png ? "png" : "jpeg")};base64,{Convert.ToBase64String(bytes)}";
    }
}
