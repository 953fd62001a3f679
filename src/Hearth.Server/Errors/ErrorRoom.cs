using Hearth.ControlPlane;
using Microsoft.AspNetCore.Http.Features;

namespace Hearth.Server;

/// <summary>Every error that leaves the server is rendered here, in the dialect of its address: our own, and the framework's.</summary>
internal static partial class ErrorRoom
{
    public static async Task RunAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (Exception error)
        {
            if (context.RequestAborted.IsCancellationRequested) return; // nobody is there to read it
            if (ToHearth(error, context) is { } readable) await WriteAsync(context, readable);
            return;
        }
        if (!context.Response.HasStarted && IsBareError(context)) await WriteAsync(context, FromStatus(context));
    }

    /// <summary>What a caller may read of <paramref name="error"/>.</summary>
    public static HearthException ToHearth(Exception error, HttpContext context)
    {
        switch (error)
        {
            case HearthException readable:
                return readable;
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return new HttpRefusal(413, ErrorCode.InvalidArgument, "The request body is larger than this address takes.");
            case BadHttpRequestException bad:
                return new HttpRefusal(bad.StatusCode, ErrorCode.InvalidArgument, "The request is not valid HTTP.");
            case StoreUnavailableException:
                LogUnexpected(Logger(context), error, context.TraceIdentifier);
                return new HearthException(ErrorCode.Unavailable, "The store cannot take changes now. Nothing was changed; retry in a moment.");
            default:
                LogUnexpected(Logger(context), error, context.TraceIdentifier);
                return new HearthException(ErrorCode.Internal, $"An internal error happened. The log has it under {context.TraceIdentifier}.");
        }
    }

    public static async Task WriteAsync(HttpContext context, HearthException error)
    {
        if (context.Response.HasStarted) throw new InvalidOperationException("The response has begun; an error can no longer be written.");
        context.Response.Clear();
        context.Response.StatusCode = StatusOf(error);
        context.Response.ContentType = "application/json";
        AddRetryHeaders(context.Response.Headers, error);
        if (ErrorDialects.IsAnthropic(context)) context.Response.Headers["request-id"] = context.TraceIdentifier;
        await context.Response.WriteAsync(ErrorDialects.Render(context, error), context.RequestAborted);
    }

    public static int StatusOf(HearthException error) => error is HttpRefusal refusal ? refusal.Status : error.Code switch
    {
        ErrorCode.Ok => 200,
        ErrorCode.Cancelled => 499,
        ErrorCode.FailedPrecondition when error.Reason == ModelRouter.AddonNotLoaded => 412,
        ErrorCode.InvalidArgument or ErrorCode.FailedPrecondition or ErrorCode.OutOfRange => 400,
        ErrorCode.DeadlineExceeded => 504,
        ErrorCode.NotFound => 404,
        ErrorCode.AlreadyExists or ErrorCode.Aborted => 409,
        ErrorCode.PermissionDenied => 403,
        ErrorCode.ResourceExhausted => 429,
        ErrorCode.Unimplemented => 501,
        ErrorCode.Unavailable => 503,
        ErrorCode.Unauthenticated => 401,
        _ => 500,
    };

    // SDKs retry 409, 429 and 5xx by themselves: final refusals say no, passing ones say when.
    private static void AddRetryHeaders(IHeaderDictionary headers, HearthException error)
    {
        if (error.Code is ErrorCode.AlreadyExists or ErrorCode.Unimplemented or ErrorCode.ResourceExhausted && error.RetryAfter is null) headers["x-should-retry"] = "false";
        if (error.RetryAfter is { } wait) headers["retry-after"] = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        else if (error.Code is ErrorCode.Unavailable or ErrorCode.Aborted) headers["retry-after"] = error.Code == ErrorCode.Aborted ? "1" : "5";
    }

    private static bool IsBareError(HttpContext context) =>
        context.Response.StatusCode >= 400 && context.Response.ContentType is null && context.Features.Get<IHttpResponseBodyFeature>() is not null;

    private static HearthException FromStatus(HttpContext context) => context.Response.StatusCode switch
    {
        404 => new HttpRefusal(404, ErrorCode.NotFound, $"Path not found: {context.Request.Path}"),
        405 => new HttpRefusal(405, ErrorCode.Unimplemented, "Method Not Allowed"),
        413 => new HttpRefusal(413, ErrorCode.InvalidArgument, "The request body is larger than this address takes."),
        415 => new HttpRefusal(415, ErrorCode.InvalidArgument, "Unsupported media type. Send Content-Type: application/json."),
        504 => new HttpRefusal(504, ErrorCode.DeadlineExceeded, "The request took too long and was given up. Ask for less (a smaller page, a narrower filter), or retry."),
        var status => new HttpRefusal(status, ErrorCode.InvalidArgument, "The request was refused."),
    };

    private static ILogger Logger(HttpContext context) => context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Hearth.Server.Errors");

    [LoggerMessage(Level = LogLevel.Error, Message = "Unexpected error in request {RequestId}")]
    private static partial void LogUnexpected(ILogger logger, Exception error, string requestId);
}

/// <summary>A refusal whose HTTP status no gRPC code stands for.</summary>
internal sealed class HttpRefusal(int status, ErrorCode code, string message) : HearthException(code, message)
{
    public int Status { get; } = status;
}
