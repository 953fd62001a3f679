using System.Globalization;
using System.Text.Json;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>One control-plane request, as endpoints see it.</summary>
internal sealed class Call(HttpContext http)
{
    public HttpContext Http => http;
    public Caller Caller => http.Features.Get<Caller>()!;
    public string Account => Route("account");
    public CancellationToken Cancelled => http.RequestAborted;

    public T Service<T>() where T : notnull => http.RequestServices.GetRequiredService<T>();

    public string Route(string key) => (string)http.Request.RouteValues[key]!;

    /// <summary>The resource that the route's <c>{id}</c> names.</summary>
    public ResourceName Name(string kind) => ResourceName.Of(Account, kind, Route("id"));

    public ValueTask<T> ReadAsync<T>() => ContractReader.ReadAsync<T>(http);

    /// <summary>A query field in either spelling; null where it is absent or empty.</summary>
    public string? Query(string field)
    {
        var value = http.Request.Query[field].FirstOrDefault() ?? http.Request.Query[JsonNamingPolicy.SnakeCaseLower.ConvertName(field)].FirstOrDefault();
        return string.IsNullOrEmpty(value) ? null : value;
    }

    /// <summary>A time of the query; null where it is absent.</summary>
    public DateTimeOffset? Time(string field)
    {
        if (Query(field) is not { } text) return null;
        const DateTimeStyles utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, utc, out var time)
            ? time
            : throw HearthException.Invalid($"{field} '{text}' is not a time. Write it as 2026-01-31T12:00:00Z.");
    }

    public bool Flag(string field) => Query(field) switch
    {
        null => false,
        var text when bool.TryParse(text, out var value) => value,
        var text => throw HearthException.Invalid($"{field} must be true or false, not '{text}'."),
    };

    /// <summary>The new resource's name: the id that the caller chose, or one of our own.</summary>
    public ResourceName NewName(string kind, string? id, string field) =>
        ResourceName.Of(Account, kind, id is null ? NewId() : ResourceName.CheckedId(id, field));

    private static string NewId()
    {
        const string letters = "abcdefghijklmnopqrstuvwxyz", all = letters + "0123456789";
        return System.Security.Cryptography.RandomNumberGenerator.GetString(letters, 1) + System.Security.Cryptography.RandomNumberGenerator.GetString(all, 9);
    }
}

/// <summary>The answer <c>{}</c>.</summary>
internal static class Answers
{
    public static object Empty { get; } = new EmptyMessage();
}
