using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Hearth.Server;

/// <summary>How the server listens: address, certificate, bounds on what a request may be and how long it may take.</summary>
internal static class KestrelSetup
{
    /// <summary>For addresses that declare no bound of their own (rule S6).</summary>
    private const long DefaultBodyBytes = 1 << 20;
    private const int RequestLineBytes = 16 << 10; // filters and page tokens are long
    private const int HeaderBytes = 32 << 10;
    private const int HeaderCount = 100;

    public static void Apply(WebApplicationBuilder builder, HearthServerOptions options, X509Certificate2? certificate)
    {
        if (certificate is not null) builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = DefaultBodyBytes;
            kestrel.Limits.MaxRequestLineSize = RequestLineBytes;
            kestrel.Limits.MaxRequestHeadersTotalSize = HeaderBytes;
            kestrel.Limits.MaxRequestHeaderCount = HeaderCount;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(30);
            kestrel.Listen(Address(options), options.Port, listen => Secure(listen, certificate));
        });
        builder.Services.AddRequestTimeouts(timeouts => timeouts.DefaultPolicy = new RequestTimeoutPolicy { Timeout = options.RequestTimeout });
    }

    /// <exception cref="InvalidOperationException">Keys would cross the network in the clear.</exception>
    public static void RequireSafeAddress(HearthServerOptions options)
    {
        var secured = options.TlsSelfSigned || options.TlsCertificate is not null;
        if (secured || options.InsecureHttp || IPAddress.IsLoopback(Address(options))) return;
        throw new InvalidOperationException(
            $"Listening on {options.Host} would send keys in the clear. Give --tls-cert and --tls-key, or --tls-self-signed; or listen on loopback; or pass --insecure-http behind a proxy with TLS.");
    }

    /// <summary>
    /// A time limit holds until an answer begins: streams, downloads and uploads take as long as their bytes flow. Large bodies and generation
    /// have none, since their length depends on what was asked for.
    /// </summary>
    public static Task LimitTimeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<IHttpRequestTimeoutFeature>() is { } timeout)
        {
            if (context.GetEndpoint()?.Metadata.GetMetadata<BodyBound>() is { MaxRequestBodySize: null or > Routes.BodyBytes }) timeout.DisableTimeout();
            else context.Response.OnStarting(() => { timeout.DisableTimeout(); return Task.CompletedTask; });
        }
        return next(context);
    }

    private static IPAddress Address(HearthServerOptions options) => options.Host == "localhost" ? IPAddress.Loopback
        : IPAddress.TryParse(options.Host, out var address) ? address
        : throw new InvalidOperationException($"--host {options.Host} is not an address. Give an IP address of this machine, or 0.0.0.0 for all of them.");

    private static void Secure(ListenOptions listen, X509Certificate2? certificate)
    {
        if (certificate is not null) listen.UseHttps(certificate);
    }
}
