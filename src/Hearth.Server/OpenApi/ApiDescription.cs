using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Hearth.Contracts;
using Microsoft.AspNetCore.Http.Metadata;

namespace Hearth.Server;

/// <summary>The server's own description (OpenAPI 3.1), made by walking its routes: nothing is described that is not served, and nothing served is left out.</summary>
internal sealed partial class ApiDescription(EndpointDataSource routes)
{
    private const string AccountPrefix = "/v1/accounts/{}/";
    private readonly SchemaWriter _schemas = new();
    private readonly HashSet<string> _names = [];

    public JsonObject Write()
    {
        var paths = new JsonObject();
        foreach (var route in routes.Endpoints.OfType<RouteEndpoint>().Where(route => route.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>() is null).OrderBy(Path, StringComparer.Ordinal))
        {
            var path = Path(route);
            if (paths[path] is not JsonObject verbs) paths[path] = verbs = [];
            foreach (var method in route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []) verbs[method.ToLowerInvariant()] = Operation(method, path, route);
        }
        var errors = new JsonObject { ["ControlPlane"] = Error(_schemas.Of(typeof(ControlPlaneError))), ["Inference"] = Error(_schemas.Of(typeof(InferenceError), inference: true)) };
        return new()
        {
            ["openapi"] = "3.1.1",
            ["info"] = new JsonObject
            {
                ["title"] = "Hearth",
                ["version"] = typeof(ApiDescription).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0",
                ["description"] = "Fine-tune, evaluate and serve open language models, in the wire shapes of the Fireworks and OpenAI APIs. Fields that begin with hearth, and addresses under /hearth, are ours.",
            },
            ["security"] = new JsonArray(new JsonObject { ["bearer"] = new JsonArray() }, new JsonObject { ["apiKey"] = new JsonArray() }),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = _schemas.Components,
                ["responses"] = errors,
                ["securitySchemes"] = new JsonObject
                {
                    ["bearer"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" },
                    ["apiKey"] = new JsonObject { ["type"] = "apiKey", ["in"] = "header", ["name"] = "x-api-key" },
                },
            },
        };
    }

    private static string Path(RouteEndpoint route) => "/" + CatchAll().Replace(route.RoutePattern.RawText!.TrimStart('/'), "{");

    private JsonObject Operation(string method, string path, RouteEndpoint route)
    {
        var plain = Parameter().Replace(path, "{}");
        var below = plain.StartsWith(AccountPrefix, StringComparison.Ordinal) ? plain[AccountPrefix.Length..] : plain.TrimStart('/').Replace("hearth/v1/accounts/{}/", "").Replace("hearth/v1/", "").Replace("v1/accounts", "accounts");
        var isControlPlane = path.StartsWith("/v1/accounts", StringComparison.Ordinal) || path.StartsWith("/hearth/", StringComparison.Ordinal);
        var permission = route.Metadata.GetMetadata<RequiredPermission>()!.Permission;
        var name = isControlPlane ? OperationShape.Name(method, below) : $"{method.ToLowerInvariant()}.{path.Trim('/').Replace('/', '.')}";
        var operation = new JsonObject
        {
            ["operationId"] = _names.Add(name) ? name : $"{name}.{_names.Count}",
            ["tags"] = new JsonArray(below.Split('/', ':')[0]),
            ["x-hearth-permission"] = permission.ToString(),
        };
        if (permission == Permission.None) operation["security"] = new JsonArray();
        if (NotYetEndpoints.FeatureOf(method, route.RoutePattern.RawText!) is { } feature) operation["description"] = $"{feature} is not implemented by this version: 501.";
        var shape = isControlPlane ? OperationShape.Of(method, below) : InferenceShape(path);
        AddParameters(operation, path, shape);
        AddBody(operation, method, plain, shape, isControlPlane);
        operation["responses"] = new JsonObject
        {
            ["200"] = Answer(shape, isControlPlane, path),
            ["default"] = new JsonObject { ["$ref"] = $"#/components/responses/{(isControlPlane ? "ControlPlane" : "Inference")}" },
        };
        return operation;
    }

    private static OperationShape InferenceShape(string path) => path[(path.LastIndexOf("v1", StringComparison.Ordinal) + 2)..] switch
    {
        "/chat/completions" => new(typeof(ChatCompletionRequest), typeof(ChatCompletion), null, []),
        "/messages" => new(typeof(MessageRequest), typeof(Message), null, []),
        "/completions" => new(typeof(CompletionRequest), typeof(Completion), null, []),
        "/models" => new(null, typeof(InferenceModelList), null, []),
        "/models/{model}" => new(null, typeof(InferenceModel), null, []),
        _ => new(null, null, null, []),
    };

    private static void AddParameters(JsonObject operation, string path, OperationShape shape)
    {
        var inPath = Parameter().Matches(path).Select(match => new JsonObject { ["name"] = match.Groups[1].Value, ["in"] = "path", ["required"] = true, ["schema"] = new JsonObject { ["type"] = "string" } });
        var inQuery = shape.Query.Select(field => new JsonObject { ["name"] = field, ["in"] = "query", ["schema"] = new JsonObject { ["type"] = TypeOf(field) } });
        JsonNode[] all = [.. inPath, .. inQuery];
        if (all.Length > 0) operation["parameters"] = new JsonArray(all);
    }

    private static string TypeOf(string field) => field switch
    {
        "pageSize" => "integer",
        "showDeleted" or "hard" or "ignoreChecks" or "validateOnly" or "downloadLineage" or "configOnly" or "trustRemoteCode" or "prepareCodeUpload" or "replaceMergedAddon" or "acceptShapelessRisk" => "boolean",
        _ when field.StartsWith("skip", StringComparison.Ordinal) || field.StartsWith("disable", StringComparison.Ordinal) => "boolean",
        _ => "string",
    };

    private void AddBody(JsonObject operation, string method, string plain, OperationShape shape, bool isControlPlane)
    {
        if (plain.EndsWith("{}:upload", StringComparison.Ordinal))
        {
            var file = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["file"] = new JsonObject { ["type"] = "string", ["format"] = "binary" } }, ["required"] = new JsonArray("file") };
            operation["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Content("multipart/form-data", file) };
        }
        else if (method is "POST" or "PATCH" && shape.Body is { } body)
        {
            operation["requestBody"] = new JsonObject { ["content"] = Content("application/json", _schemas.Of(body, !isControlPlane)) };
        }
    }

    private JsonObject Answer(OperationShape shape, bool isControlPlane, string path)
    {
        var answer = new JsonObject { ["description"] = "Done." };
        if (shape.Answer is null) return answer;
        var schema = _schemas.Of(shape.Answer, !isControlPlane);
        if (shape.PageOf is { } field)
        {
            schema = new()
            {
                ["type"] = "object",
                ["properties"] = new JsonObject
                {
                    [field] = new JsonObject { ["type"] = "array", ["items"] = schema },
                    ["nextPageToken"] = new JsonObject { ["type"] = "string" },
                    ["totalSize"] = new JsonObject { ["type"] = "integer" },
                },
            };
        }
        var content = Content("application/json", schema);
        if (shape.Answer == typeof(ChatCompletion)) content["text/event-stream"] = new JsonObject { ["schema"] = _schemas.Of(typeof(ChatCompletionChunk), inference: true) };
        if (shape.Answer == typeof(Completion)) content["text/event-stream"] = new JsonObject { ["schema"] = _schemas.Of(typeof(Completion), inference: true) };
        answer["content"] = content;
        return answer;
    }

    private static JsonObject Error(JsonObject schema) => new() { ["description"] = "What was refused, why, and what to do.", ["content"] = Content("application/json", schema) };

    private static JsonObject Content(string type, JsonObject schema) => new() { [type] = new JsonObject { ["schema"] = schema } };

    [GeneratedRegex(@"\{([^}]+)\}")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"\{\*+")]
    private static partial Regex CatchAll();
}
