using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>The bodies: gRPC-gateway's on the control plane, OpenAI's on the inference addresses, Anthropic's on theirs.</summary>
internal static class ErrorDialects
{
    public static string Render(HttpContext context, HearthException error)
    {
        if (IsAnthropic(context) && error.Code != ErrorCode.NotFound) return Anthropic(context, error); // an unknown model is answered as everywhere
        return error.Code == ErrorCode.Unauthenticated || IsInference(context.Request.Path) ? Inference(context, error) : ControlPlane(error);
    }

    /// <summary>One event of a stream that breaks off.</summary>
    public static string Inference(HttpContext context, HearthException error) => JsonSerializer.Serialize(
        new InferenceError(new(error.Message, error.Param, error.Reason ?? Name(error.Code), "error"), context.TraceIdentifier), Nulls);

    /// <summary>Addresses that only Anthropic's clients call, and the models where they ask.</summary>
    public static bool IsAnthropic(HttpContext context) =>
        context.Request.Path.Value?.EndsWith("/v1/messages", StringComparison.Ordinal) == true
        || (MessageModels.IsAsked(context) && context.Request.Path.Value?.Contains("/v1/models", StringComparison.Ordinal) == true);

    private static bool IsInference(PathString path) =>
        path.StartsWithSegments("/inference") || path.StartsWithSegments("/v1/chat") || path.StartsWithSegments("/v1/completions")
        || path.StartsWithSegments("/v1/messages") || path.StartsWithSegments("/v1/models") || path.StartsWithSegments("/v1/embeddings") || path.StartsWithSegments("/v1/responses");

    private static string ControlPlane(HearthException error)
    {
        IReadOnlyList<JsonElement> details = error.Faults.Count == 0 ? [] : [BadRequest(error.Faults)];
        return JsonSerializer.Serialize(new ControlPlaneError((int)error.Code, error.Message, details), ContractJson.Options);
    }

    /// <summary>Anthropic's body, which is also the <c>error</c> event of a stream.</summary>
    public static string Anthropic(HttpContext context, HearthException error) => JsonSerializer.Serialize(
        new { type = "error", error = new { type = AnthropicType(ErrorRoom.StatusOf(error)), message = error.Message }, request_id = context.TraceIdentifier });

    private static string AnthropicType(int status) => status switch
    {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        504 => "timeout_error",
        >= 500 => "api_error",
        _ => "invalid_request_error",
    };

    private static JsonElement BadRequest(IReadOnlyList<FieldFault> faults) => JsonSerializer.SerializeToElement(new Dictionary<string, object>
    {
        ["@type"] = "type.googleapis.com/google.rpc.BadRequest",
        ["fieldViolations"] = faults.Select(fault => new { field = fault.Field, description = fault.Description }),
    });

    private static string Name(ErrorCode code) => code switch
    {
        ErrorCode.Unauthenticated => "UNAUTHORIZED",
        _ => JsonNamingPolicy.SnakeCaseUpper.ConvertName(code.ToString()),
    };

    // "param" is written even where it is null.
    private static readonly JsonSerializerOptions Nulls = new(InferenceJson.Options) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.Never };
}
