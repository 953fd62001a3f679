using Hearth.ControlPlane;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Hearth.Server;

/// <summary>
/// Kestrel decodes a path but for <c>%2F</c>, so that an encoded name stays one segment while routes are matched. Here it is decoded: a full name in
/// place of an id (<c>datasets/accounts%2Fa%2Fdatasets%2Fd</c>) means the id where it names what the address names; anything else names nothing.
/// </summary>
internal static class PathNames
{
    public static Task RunAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path.Value!.Contains("%2F", StringComparison.OrdinalIgnoreCase) && context.GetEndpoint() is RouteEndpoint endpoint)
            Decode(context.Request, endpoint.RoutePattern);
        return next(context);
    }

    private static void Decode(HttpRequest request, RoutePattern pattern)
    {
        var segments = new List<string>();
        foreach (var segment in pattern.PathSegments)
            segments.Add(string.Concat(segment.Parts.Select(part => part switch
            {
                RoutePatternParameterPart { IsCatchAll: true } any => Any(request, any.Name),
                RoutePatternParameterPart one => Id(request, one.Name, segments),
                RoutePatternLiteralPart literal => literal.Content,
                RoutePatternSeparatorPart separator => separator.Content,
                _ => "",
            })));
        request.Path = "/" + string.Join('/', segments);
    }

    private static string Any(HttpRequest request, string parameter)
    {
        var value = Decoded(request, parameter);
        request.RouteValues[parameter] = value;
        return value;
    }

    private static string Id(HttpRequest request, string parameter, List<string> before)
    {
        var value = Decoded(request, parameter);
        var start = before.IndexOf("accounts");
        var prefix = start < 0 ? null : string.Join('/', before.Skip(start)) + "/";
        var id = prefix is not null && value.StartsWith(prefix, StringComparison.Ordinal) ? value[prefix.Length..] : value;
        if (id.Contains('/')) throw HearthException.NotFound(value);
        request.RouteValues[parameter] = id;
        return id;
    }

    private static string Decoded(HttpRequest request, string parameter) =>
        (request.RouteValues[parameter] as string ?? "").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}
