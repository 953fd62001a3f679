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
            app.MapGet($"{prefix}/models", ListModelsAsync).WithMetadata(new RequiredPermission(Permission.Infer));
        }
    }

    /// <summary>The models that the key may ask: its account's and the catalogue's.</summary>
    private static async Task ListModelsAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var resources = http.RequestServices.GetRequiredService<ResourceStore>();
        var own = await resources.ListAsync<ModelRecord>(caller.Account, ResourceKind.Models, http.RequestAborted);
        var catalogue = caller.Account == ModelCatalogue.CatalogueAccount
            ? []
            : (await resources.ListAsync<ModelRecord>(ModelCatalogue.CatalogueAccount, ResourceKind.Models, http.RequestAborted)).Where(model => model.Value.Public);
        var all = own.Concat(catalogue).ToDictionary(model => model.Name.Value);
        var models = all.Values.Where(model => model.Row.State == ModelRecord.Ready).Select(model => ToContract(model, FactsOf(model, all))).ToList();
        http.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(http.Response.Body, new InferenceModelList { Data = models }, InferenceJson.Options, http.RequestAborted);
    }

    // An adapter can what its base can.
    private static ModelFacts? FactsOf(Stored<ModelRecord> model, Dictionary<string, Stored<ModelRecord>> all) =>
        model.Value.Facts ?? (model.Value.Adapter is { } adapter ? all.GetValueOrDefault(adapter.BaseModel)?.Value.Facts : null);

    private static InferenceModel ToContract(Stored<ModelRecord> model, ModelFacts? facts) => new()
    {
        Id = model.Name.Value,
        OwnedBy = model.Name.Account,
        Created = model.Row.CreateTime.ToUnixTimeSeconds(),
        Kind = model.Value.Kind,
        SupportsChat = facts?.HasChatTemplate ?? false,
        SupportsTools = facts?.SupportsTools ?? false,
        ContextLength = facts?.ContextLength ?? 0,
    };
}
