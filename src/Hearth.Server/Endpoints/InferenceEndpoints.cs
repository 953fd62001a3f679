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
        var models = own.Concat(catalogue).Where(model => model.Row.State == ModelRecord.Ready).Select(ToContract).ToList();
        http.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(http.Response.Body, new InferenceModelList { Data = models }, InferenceJson.Options, http.RequestAborted);
    }

    private static InferenceModel ToContract(Stored<ModelRecord> model) => new()
    {
        Id = model.Name.Value,
        OwnedBy = model.Name.Account,
        Created = model.Row.CreateTime.ToUnixTimeSeconds(),
        Kind = model.Value.Kind,
        SupportsChat = model.Value.Facts?.HasChatTemplate ?? true, // an adapter chats like its base
        SupportsTools = model.Value.Facts?.SupportsTools ?? false,
        ContextLength = model.Value.Facts?.ContextLength ?? 0,
    };
}
