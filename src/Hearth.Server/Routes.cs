using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Http.Timeouts;

namespace Hearth.Server;

/// <summary>An endpoint: takes a call, returns a contract.</summary>
internal delegate Task<object> Handler(Call call);

/// <summary>
/// Maps control-plane addresses. What every address needs is done here, once: its permission, tenancy, the body's bound, the answer's JSON.
/// </summary>
internal sealed class Routes(IEndpointRouteBuilder app)
{
    /// <summary>The bound of addresses that declare none.</summary>
    public const long BodyBytes = 4 << 20;

    private const string AccountPrefix = "/v1/accounts/{account}/";

    public void Get(string pattern, Permission permission, Handler handler)
    {
        Map("GET", pattern, permission, handler);
        // Patterns with a verb behind the id share a segment, in which routing tells a wrong method from an unknown path no longer.
        if (pattern.Contains("}:", StringComparison.Ordinal)) RefusePost(pattern, permission);
    }

    public void Post(string pattern, Permission permission, Handler handler, long bodyBytes = BodyBytes) => Map("POST", pattern, permission, handler, bodyBytes);

    /// <summary>A verb that reads whole files takes as long as they are: the time limit of requests does not hold.</summary>
    public void PostLong(string pattern, Permission permission, Handler handler) =>
        Map("POST", pattern, permission, handler).WithMetadata(new DisableRequestTimeoutAttribute());

    /// <inheritdoc cref="PostLong"/>
    public void GetLong(string pattern, Permission permission, Handler handler)
    {
        Map("GET", pattern, permission, handler).WithMetadata(new DisableRequestTimeoutAttribute());
        RefusePost(pattern, permission);
    }

    public void Patch(string pattern, Permission permission, Handler handler) => Map("PATCH", pattern, permission, handler);

    public void Delete(string pattern, Permission permission, Handler handler) => Map("DELETE", pattern, permission, handler);

    /// <summary>Patterns that do not begin with a slash are below the account.</summary>
    private IEndpointConventionBuilder Map(string method, string pattern, Permission permission, Handler handler, long bodyBytes = BodyBytes) =>
        app.MapMethods(pattern.StartsWith('/') ? pattern : AccountPrefix + pattern, [method], context => RunAsync(context, permission, handler))
            .WithMetadata(new RequiredPermission(permission), new BodyBound(bodyBytes));

    private void RefusePost(string pattern, Permission permission) =>
        Map("POST", pattern, permission, _ => throw new HttpRefusal(405, ErrorCode.Unimplemented, "Method Not Allowed")).WithMetadata(new ExcludeFromDescriptionAttribute());

    private static async Task RunAsync(HttpContext context, Permission permission, Handler handler)
    {
        var call = new Call(context);
        RequireTenant(call, permission);
        RequireNoBody(context.Request);
        if (permission == Permission.Change && call.Caller.Role == UserRole.Contributor) await RequireOwnerAsync(call);
        var answer = await handler(call);
        if (context.Response.HasStarted) return;
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(context.Response.Body, answer, answer.GetType(), ContractJson.Options, call.Cancelled);
    }

    // Another account's resources answer exactly as absent ones do (rule S9).
    private static void RequireTenant(Call call, Permission permission)
    {
        if (call.Http.Request.RouteValues["account"] is not string account || account == call.Caller.Account) return;
        if (permission == Permission.ViewPublic && account == ModelCatalogue.CatalogueAccount) return;
        throw HearthException.NotFound(AddressedName(call));
    }

    // The platform's front end refuses bodies on GET; whoever sends one meant another verb.
    private static void RequireNoBody(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) && (request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0))
            throw HearthException.Invalid("A GET request takes no body. Send its settings in the query.");
    }

    private static async ValueTask RequireOwnerAsync(Call call)
    {
        if (await call.Service<IStore>().GetAsync(AddressedName(call), call.Cancelled) is not { } row) return; // the handler says NOT_FOUND
        if (Records.Read<Owned>(row.Json).CreatedBy != call.Caller.Email)
            throw new HearthException(ErrorCode.PermissionDenied, $"{row.Name} is someone else's, and your role (contributor) may change only your own. Ask an admin of the account.");
    }

    private sealed record Owned(string? CreatedBy);

    /// <summary>The resource in the path: an odd last segment is a collection, which is its parent's.</summary>
    private static string AddressedName(Call call)
    {
        var parts = call.Http.Request.Path.Value!.Split(':')[0].Split('/', StringSplitOptions.RemoveEmptyEntries);
        parts = parts[Math.Max(0, Array.IndexOf(parts, "accounts"))..];
        return string.Join('/', parts[..(parts.Length - parts.Length % 2)]);
    }
}

/// <summary>Endpoint metadata: the largest body that an address takes (rule S6).</summary>
internal sealed record BodyBound(long? MaxRequestBodySize) : IRequestSizeLimitMetadata;
