using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>The inference addresses, under <c>/inference/v1</c> and <c>/v1</c>: clients differ in the base address that they are given.</summary>
internal static class InferenceEndpoints
{
    private const long BodyBytes = 64 << 20;

    public static void Map(IEndpointRouteBuilder app)
    {
        foreach (var prefix in new[] { "/inference/v1", "/v1" })
        {
            app.MapPost($"{prefix}/chat/completions", ChatCompletionEndpoints.PostAsync).WithMetadata(new RequiredPermission(Permission.Infer), new BodyBound(BodyBytes));
            app.MapPost($"{prefix}/completions", CompletionEndpoints.PostAsync).WithMetadata(new RequiredPermission(Permission.Infer), new BodyBound(BodyBytes));
            app.MapPost($"{prefix}/messages", MessageEndpoints.PostAsync).WithMetadata(new RequiredPermission(Permission.Infer), new BodyBound(BodyBytes));
            app.MapGet($"{prefix}/models", ListModelsAsync).WithMetadata(new RequiredPermission(Permission.Infer));
            app.MapGet($"{prefix}/models/{{**model}}", GetModelAsync).WithMetadata(new RequiredPermission(Permission.Infer));
        }
    }

    private static async Task ListModelsAsync(HttpContext http)
    {
        var all = await VisibleAsync(http);
        var ready = all.Values.Where(model => model.Row.State == ModelRecord.Ready);
        if (MessageModels.IsAsked(http)) await WriteAsync(http, MessageModels.Page(http, [.. ready.Select(model => ToMessageModel(model, all))]));
        else await WriteAsync(http, new InferenceModelList { Data = [.. ready.Select(model => ToContract(model, all))] });
    }

    /// <summary>One model by its full name, which clients send plain or encoded, or by its id.</summary>
    private static async Task GetModelAsync(HttpContext http)
    {
        var all = await VisibleAsync(http);
        var text = (string)http.Request.RouteValues["model"]!;
        var names = text.Contains('/') ? [text] : new[] { http.Features.Get<Caller>()!.Account, ModelCatalogue.CatalogueAccount }.Select(account => $"accounts/{account}/models/{text}");
        var found = names.Select(name => all.GetValueOrDefault(name)).FirstOrDefault(model => model?.Row.State == ModelRecord.Ready) ?? throw ModelRouter.NotServed();
        if (MessageModels.IsAsked(http)) await WriteAsync(http, ToMessageModel(found, all));
        else await WriteAsync(http, ToContract(found, all));
    }

    /// <summary>The models that the key may ask: its account's and the catalogue's.</summary>
    private static async Task<Dictionary<string, Stored<ModelRecord>>> VisibleAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var resources = http.RequestServices.GetRequiredService<ResourceStore>();
        var own = await resources.ListAsync<ModelRecord>(caller.Account, ResourceKind.Models, http.RequestAborted);
        var catalogue = caller.Account == ModelCatalogue.CatalogueAccount
            ? []
            : (await resources.ListAsync<ModelRecord>(ModelCatalogue.CatalogueAccount, ResourceKind.Models, http.RequestAborted)).Where(model => model.Value.Public);
        return own.Concat(catalogue).ToDictionary(model => model.Name.Value);
    }

    private static Task WriteAsync<T>(HttpContext http, T answer)
    {
        http.Response.ContentType = "application/json";
        return JsonSerializer.SerializeAsync(http.Response.Body, answer, InferenceJson.Options, http.RequestAborted);
    }

    // An adapter can what its base can.
    private static ModelFacts? FactsOf(Stored<ModelRecord> model, Dictionary<string, Stored<ModelRecord>> all) =>
        model.Value.Facts ?? (model.Value.Adapter is { } adapter ? all.GetValueOrDefault(adapter.BaseModel)?.Value.Facts : null);

    private static MessageModel ToMessageModel(Stored<ModelRecord> model, Dictionary<string, Stored<ModelRecord>> all) =>
        MessageModels.ToContract(model, FactsOf(model, all), Mapping.FromEcho<ModelParam>(model.Value.Echo).DisplayName ?? "");

    private static InferenceModel ToContract(Stored<ModelRecord> model, Dictionary<string, Stored<ModelRecord>> all) => ToContract(model, FactsOf(model, all));

    private static InferenceModel ToContract(Stored<ModelRecord> model, ModelFacts? facts) => new()
    {
        Id = model.Name.Value,
        OwnedBy = model.Name.Account,
        Created = model.Row.CreateTime.ToUnixTimeSeconds(),
        Kind = model.Value.Kind,
        SupportsChat = facts?.HasChatTemplate == true || model.Value.Chat?.Template is not null,
        SupportsTools = facts?.SupportsTools ?? false,
        ContextLength = facts?.ContextLength ?? 0,
    };
}
