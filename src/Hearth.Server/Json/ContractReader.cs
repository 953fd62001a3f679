using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Reads request bodies. The control plane refuses fields that it does not know; inference ignores them.</summary>
internal static class ContractReader
{
    /// <summary>An empty body is an empty message.</summary>
    public static async ValueTask<T> ReadAsync<T>(HttpContext context)
    {
        using var body = await ParseAsync(context);
        RefuseUnknown(body.RootElement, ContractJson.Options.GetTypeInfo(typeof(T)), "");
        return Convert<T>(body.RootElement, ContractJson.Options);
    }

    public static async ValueTask<T> ReadInferenceAsync<T>(HttpContext context)
    {
        using var body = await ParseAsync(context);
        // Kept beyond the document's life: the record holds elements of it.
        return Convert<T>(body.RootElement.Clone(), InferenceJson.Options);
    }

    private static async ValueTask<JsonDocument> ParseAsync(HttpContext context)
    {
        var type = context.Request.ContentType;
        if (type is not null && !type.Contains("json", StringComparison.OrdinalIgnoreCase))
            throw new HttpRefusal(415, ErrorCode.InvalidArgument, $"Unsupported media type {type}. Send Content-Type: application/json.");
        if (context.Request.ContentLength is 0 or null && !context.Request.Headers.ContainsKey("Transfer-Encoding")) return JsonDocument.Parse("{}");
        try
        {
            return await JsonDocument.ParseAsync(context.Request.Body, new JsonDocumentOptions { MaxDepth = 64 }, context.RequestAborted);
        }
        catch (JsonException broken)
        {
            throw HearthException.Invalid($"The request body is not valid JSON (line {broken.LineNumber + 1}, byte {broken.BytePositionInLine}). Send one JSON object.");
        }
    }

    private static T Convert<T>(JsonElement body, JsonSerializerOptions options)
    {
        if (body.ValueKind != JsonValueKind.Object) throw HearthException.Invalid("The request body must be a JSON object.");
        try
        {
            return body.Deserialize<T>(options)!;
        }
        catch (JsonException wrong)
        {
            var field = wrong.Path is { Length: > 2 } path ? path[2..] : "the body";
            throw new HearthException(ErrorCode.InvalidArgument, $"invalid value for field \"{field}\": {Describe(wrong)}") { Param = field };
        }
    }

    // System.Text.Json ends its messages with positions and names .NET types.
    private static string Describe(JsonException wrong)
    {
        var text = wrong.InnerException?.Message ?? wrong.Message;
        return text.Contains("could not be converted", StringComparison.Ordinal) ? "it has the wrong type or is not one of the allowed values." : text.Split(" Path:")[0];
    }

    private static void RefuseUnknown(JsonElement element, JsonTypeInfo type, string path)
    {
        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object when element.ValueKind == JsonValueKind.Object:
                foreach (var field in element.EnumerateObject())
                {
                    var known = type.Properties.FirstOrDefault(property => property.Name == field.Name && property.Set is not null)
                        ?? throw new HearthException(ErrorCode.InvalidArgument, $"unknown field \"{path}{field.Name}\"") { Param = field.Name };
                    RefuseUnknown(field.Value, ContractJson.Options.GetTypeInfo(known.PropertyType), $"{path}{field.Name}.");
                }
                break;
            case JsonTypeInfoKind.Enumerable when element.ValueKind == JsonValueKind.Array && type.ElementType is { } item:
                foreach (var one in element.EnumerateArray()) RefuseUnknown(one, ContractJson.Options.GetTypeInfo(item), path);
                break;
        }
    }
}
