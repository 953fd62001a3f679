using System.Diagnostics;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>
/// One line a request: method, the route's template, status, duration, account, request id. Never the path's values beyond the account, nor query,
/// headers or bodies (rule S11). The id is the answer's <c>x-request-id</c> too.
/// </summary>
internal sealed partial class RequestLog(ILogger<RequestLog> logger, TimeProvider clock)
{
    public async Task RunAsync(HttpContext context, RequestDelegate next)
    {
        var start = clock.GetTimestamp();
        context.TraceIdentifier = Guid.NewGuid().ToString();
        context.Response.OnStarting(() => { context.Response.Headers["x-request-id"] = context.TraceIdentifier; return Task.CompletedTask; });
        try
        {
            await next(context);
        }
        finally
        {
            var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "";
            var account = context.Features.Get<Caller>()?.Account ?? "";
            Describe(Activity.Current, context, route, account);
            if (logger.IsEnabled(LogLevel.Information))
                LogRequest(logger, context.Request.Method, route, context.Response.StatusCode, Math.Round(clock.GetElapsedTime(start).TotalMilliseconds, 1), account, context.TraceIdentifier);
        }
    }

    private static void Describe(Activity? activity, HttpContext context, string route, string account)
    {
        if (activity is not { IsAllDataRequested: true }) return;
        activity.DisplayName = route == "" ? context.Request.Method : $"{context.Request.Method} {route}";
        activity.SetTag("http.route", route).SetTag("http.request.method", context.Request.Method).SetTag("http.response.status_code", context.Response.StatusCode);
        activity.SetTag("hearth.account", account).SetTag("hearth.request_id", context.TraceIdentifier);
        if (context.Response.StatusCode >= 500) activity.SetStatus(ActivityStatusCode.Error);
    }

    [LoggerMessage(EventName = "request", Level = LogLevel.Information, Message = "{Method} {Route} {Status} {Milliseconds} ms account={Account} request={RequestId}")]
    private static partial void LogRequest(ILogger logger, string method, string route, int status, double milliseconds, string account, string requestId);
}
