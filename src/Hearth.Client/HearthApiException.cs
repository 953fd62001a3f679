using System.Text.Json;

namespace Hearth.Client;

/// <summary>The server's refusal, in either of its dialects.</summary>
public sealed class HearthApiException(int status, string code, string message) : Exception(message)
{
    /// <summary>HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>gRPC number or name of the code.</summary>
    public string Code { get; } = code;

    internal static HearthApiException From(int status, string body)
    {
        try
        {
            using var parsed = JsonDocument.Parse(body);
            var error = parsed.RootElement.TryGetProperty("error", out var inner) ? inner : parsed.RootElement;
            return new(status, error.GetProperty("code").ToString(), error.GetProperty("message").GetString() ?? "");
        }
        catch (Exception unreadable) when (unreadable is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return new(status, "", $"The server answered {status}: {body}");
        }
    }
}
