using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Finds the caller by the key in <c>Authorization: Bearer</c> or <c>x-api-key</c>.</summary>
internal static class Authentication
{
    public static async Task RunAsync(HttpContext context, RequestDelegate next)
    {
        var permission = context.GetEndpoint()?.Metadata.GetMetadata<RequiredPermission>()?.Permission;
        if (permission is not null and not Permission.None)
        {
            var caller = await RequireCallerAsync(context);
            if (!caller.Role.Allows(permission.Value) && IsOwnAccount(context, caller))
                throw new HearthException(ErrorCode.PermissionDenied, $"Your role ({Users.Spell(caller.Role)}) does not allow this. Ask an admin of the account.");
            context.RequestServices.GetRequiredService<RateLimits>().Admit(context, caller, permission.Value);
            if (permission is Permission.Infer or Permission.Create) await RequireActiveAsync(context, caller);
            context.Features.Set(caller);
        }
        else
        {
            context.RequestServices.GetRequiredService<RateLimits>().AdmitAnonymous(context);
        }
        await next(context);
    }

    /// <exception cref="HearthException">There is no key, or none that is valid.</exception>
    public static async ValueTask<Caller> RequireCallerAsync(HttpContext context)
    {
        if (await FindCallerAsync(context) is { } caller) return caller;
        context.RequestServices.GetRequiredService<RateLimits>().CountFailure(context);
        throw new HearthException(ErrorCode.Unauthenticated, "The API key you provided is missing or invalid. Send it as Authorization: Bearer fw_….");
    }

    /// <summary>At the end of its month's budget an account stops, by the platform's own status and words.</summary>
    private static async ValueTask RequireActiveAsync(HttpContext context, Caller caller)
    {
        if (!await context.RequestServices.GetRequiredService<Suspension>().IsSuspendedAsync(caller.Account, context.RequestAborted)) return;
        throw new HttpRefusal(412, ErrorCode.FailedPrecondition, Suspension.Message(caller.Account));
    }

    // Elsewhere the answer is that of an absent resource, whatever the role.
    private static bool IsOwnAccount(HttpContext context, Caller caller) =>
        context.Request.RouteValues["account"] is not string account || account == caller.Account;

    private static async ValueTask<Caller?> FindCallerAsync(HttpContext context)
    {
        var key = BearerKey(context.Request) ?? SingleApiKey(context.Request);
        return key is null ? null : await context.RequestServices.GetRequiredService<ApiKeys>().AuthenticateAsync(key, context.RequestAborted);
    }

    private static string? BearerKey(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim() : null;
    }

    // The Build SDK sends the header twice; that is accepted when both values agree.
    private static string? SingleApiKey(HttpRequest request)
    {
        var values = request.Headers["x-api-key"].SelectMany(value => value!.Split(',')).Select(value => value.Trim()).Distinct().ToList();
        return values.Count == 1 ? values[0] : null;
    }
}
