using System.Globalization;
using Hearth.ControlPlane;
using Microsoft.Net.Http.Headers;

namespace Hearth.Server;

/// <summary>Signed addresses: PUT a file once, GET it as often as its time allows. No key: the signature is the permission (rule S7).</summary>
internal static class TransferEndpoints
{
    private const string LengthRange = "x-goog-content-length-range";
    private const string Bytes = "application/octet-stream";

    public static void Map(IEndpointRouteBuilder app)
    {
        Map(app, ["PUT"], PutAsync);
        Map(app, ["GET", "HEAD"], GetAsync);
    }

    // No bound of the framework's on bodies: the signed size is the bound, enforced while it streams.
    private static void Map(IEndpointRouteBuilder app, string[] verbs, RequestDelegate handler) =>
        app.MapMethods(SignedAddresses.Prefix + "{tenant}/{**place}", verbs, handler).WithMetadata(new RequiredPermission(Permission.None), new BodyBound(null));

    private static async Task PutAsync(HttpContext http)
    {
        var signed = http.RequestServices.GetRequiredService<SignedAddresses>().Read(http.Request, "PUT");
        RequireDeclared(http.Request, signed.Size);
        var (uploads, upload) = (http.RequestServices.GetRequiredService<Uploads>(), ResourceName.Parse(signed.Place));
        await uploads.RequireOpenAsync(upload, signed.Offer, http.RequestAborted);
        await using var draft = http.RequestServices.GetRequiredService<IBlobs>().Begin();
        await ExactCopy.RunAsync(http.Request.Body, draft, signed.Size, http.RequestAborted);
        await uploads.LandAsync(upload, signed.Offer, draft, http.RequestAborted);
    }

    /// <summary>An attachment that runs nothing, although it shares the console's origin.</summary>
    private static async Task GetAsync(HttpContext http)
    {
        var addresses = http.RequestServices.GetRequiredService<SignedAddresses>();
        var signed = addresses.Read(http.Request, "GET");
        var file = addresses.Open(signed) ?? throw new HearthException(ErrorCode.NotFound, $"{signed.File} is gone: what it belonged to was deleted.");
        var headers = http.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
        headers.CacheControl = "private, no-store";
        await TypedResults.Stream(file, Bytes, signed.File, entityTag: Tag(signed), enableRangeProcessing: true).ExecuteAsync(http);
    }

    // Blobs and published folders never change; a run's file grows.
    private static EntityTagHeaderValue? Tag(SignedAddress signed) =>
        signed.Place.StartsWith("runs/", StringComparison.Ordinal) ? null : new($"\"{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(signed.Place)))[..32]}\"");

    private static void RequireDeclared(HttpRequest request, long size)
    {
        if (request.ContentType is { } type && !(MediaTypeHeaderValue.TryParse(type, out var parsed) && parsed.MediaType.Equals(Bytes, StringComparison.OrdinalIgnoreCase)))
            throw new HttpRefusal(415, ErrorCode.InvalidArgument, $"Unsupported media type {type}. Send Content-Type: {Bytes}.");
        if (request.ContentLength is { } length && length != size) throw ExactCopy.WrongSize(length.ToString(CultureInfo.InvariantCulture), size);
        foreach (var range in request.Headers[LengthRange])
        {
            var ends = range?.Split(',') ?? [];
            if (ends.Length != 2 || !long.TryParse(ends[0], out var least) || !long.TryParse(ends[1], out var most))
                throw HearthException.Invalid($"{LengthRange} '{range}' is not a range. Write {size},{size}.");
            if (size < least || size > most) throw HearthException.Invalid($"{LengthRange} {range} leaves out the {size} bytes that this address takes.");
        }
    }
}
