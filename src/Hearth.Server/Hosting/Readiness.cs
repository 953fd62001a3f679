using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Why a server is or is not ready.</summary>
/// <param name="Reason">Empty where the check passed.</param>
public sealed record ReadinessCheck(string Name, bool Ok, string Reason);

/// <summary><c>GET /health</c>: the process answers. <c>GET /ready</c>: it can also do its work; 503 with the reasons where it cannot.</summary>
internal sealed class Readiness(IStore store, NodeLiveness node, Draining draining, HearthServerOptions options)
{
    private const long LeastFreeBytes = 256L << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/health", context => WriteAsync(context, 200, new { status = "ok" })).WithMetadata(new RequiredPermission(Permission.None));
        app.MapGet("/ready", async context =>
        {
            var checks = await context.RequestServices.GetRequiredService<Readiness>().CheckAsync(context.RequestAborted);
            var ready = checks.All(check => check.Ok);
            await WriteAsync(context, ready ? 200 : 503, new { status = ready ? "ready" : "unready", checks });
        }).WithMetadata(new RequiredPermission(Permission.None));
    }

    public async ValueTask<IReadOnlyList<ReadinessCheck>> CheckAsync(CancellationToken cancellationToken) =>
    [
        await StoreAsync(cancellationToken),
        Disk(),
        Check("node", node.IsAlive ? "" : "the node agent has not asked for its assignments for 10 s: jobs and deployments do not start"),
        Check("server", draining.IsStopping ? "the server is stopping" : ""),
    ];

    /// <summary>An empty change goes the way of every other: through the writer's queue, into a transaction that takes the write lock.</summary>
    private async ValueTask<ReadinessCheck> StoreAsync(CancellationToken cancellationToken)
    {
        try
        {
            await store.CommitAsync(new Change(), cancellationToken).AsTask().WaitAsync(Patience, cancellationToken);
            return Check("store", "");
        }
        catch (Exception e) when (e is StoreUnavailableException or TimeoutException or ObjectDisposedException)
        {
            return Check("store", e is TimeoutException ? "the store did not commit within 5 s" : "the store cannot write");
        }
    }

    private ReadinessCheck Disk()
    {
        var free = new DriveInfo(Path.GetFullPath(options.DataDirectory)).AvailableFreeSpace;
        return Check("disk", free >= LeastFreeBytes ? "" : $"{free >> 20} MB are free where the data lie, {LeastFreeBytes >> 20} MB are needed");
    }

    private static ReadinessCheck Check(string name, string reason) => new(name, reason == "", reason);

    private static Task WriteAsync(HttpContext context, int status, object answer)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        return JsonSerializer.SerializeAsync(context.Response.Body, answer, ContractJson.Options, context.RequestAborted);
    }
}
