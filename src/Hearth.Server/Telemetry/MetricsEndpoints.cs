using System.Net;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>/metrics</c> for whoever runs the server, <c>/v1/accounts/{account}/metrics</c> for an account's own deployments.</summary>
internal static class MetricsEndpoints
{
    public static void Map(Routes routes, IEndpointRouteBuilder app)
    {
        routes.Get("metrics", Permission.View, AccountAsync);
        app.MapGet("/metrics", OperatorAsync).WithMetadata(new RequiredPermission(Permission.None)); // it asks for more than a role
    }

    private static async Task<object> AccountAsync(Call call)
    {
        await WriteAsync(call.Http, await call.Service<AccountMetrics>().ReadAsync(call.Account, call.Cancelled));
        return Answers.Empty;
    }

    private static async Task OperatorAsync(HttpContext http)
    {
        await RequireOperatorAsync(http);
        await http.RequestServices.GetRequiredService<StoreGauges>().ReadAsync(http.RequestAborted);
        await WriteAsync(http, http.RequestServices.GetRequiredService<MetricCollector>().Write() + http.RequestServices.GetRequiredService<ReplicaSeries>().Write());
    }

    /// <summary>An admin of the account that the first start made; or anybody on this machine, where that was allowed.</summary>
    private static async ValueTask RequireOperatorAsync(HttpContext http)
    {
        var isLocal = http.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address);
        if (isLocal && http.RequestServices.GetRequiredService<HearthServerOptions>().OpenMetrics) return;
        var caller = await Authentication.RequireCallerAsync(http);
        if (caller is not { Role: UserRole.Admin, Account: FirstStart.Account })
            throw new HearthException(ErrorCode.PermissionDenied, $"The server's metrics are for admins of the account {FirstStart.Account}. Your own: /v1/accounts/{caller.Account}/metrics.");
    }

    private static async Task WriteAsync(HttpContext http, string text)
    {
        http.Response.ContentType = PrometheusText.ContentType;
        await http.Response.WriteAsync(text, http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }
}
