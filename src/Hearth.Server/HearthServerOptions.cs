using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>How a server runs. The defaults serve one machine without configuration.</summary>
public sealed record HearthServerOptions
{
    /// <summary>Database, blobs, models, run folders, keys. Made where it is missing; one server at a time.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>0: any free port.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>Address to listen on. Beyond loopback the keys would cross the network in the clear: see <see cref="InsecureHttp"/>.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Allows a <see cref="Host"/> beyond loopback without TLS, as behind a proxy that has it.</summary>
    public bool InsecureHttp { get; init; }

    /// <summary>PEM file with the certificate and its chain; needs <see cref="TlsKey"/>.</summary>
    public string? TlsCertificate { get; init; }

    /// <summary>PEM file with the certificate's private key.</summary>
    public string? TlsKey { get; init; }

    /// <summary>Serve https with a certificate that the server makes and keeps in <c>keys/tls.pem</c>.</summary>
    public bool TlsSelfSigned { get; init; }

    /// <summary>Origins whose web pages may call the server; <c>*</c>: any.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>Log entries as JSON, one line each.</summary>
    public bool JsonLogs { get; init; }

    /// <summary>The least grave log entries that are written. <see cref="Microsoft.Extensions.Logging.LogLevel.Information"/> has one line a request.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Warning;

    /// <summary>Lets anybody on this machine read <c>/metrics</c>, without a key. Not behind a proxy on this machine: there everybody is.</summary>
    public bool OpenMetrics { get; init; }

    /// <summary>Where traces go by OTLP: from <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>; null: nowhere.</summary>
    public string? OtlpEndpoint { get; init; } = OtlpEndpointOfEnvironment;

    internal static string? OtlpEndpointOfEnvironment { get; } = Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 } endpoint ? endpoint : null;

    /// <summary>Base of every address handed out: from <c>HEARTH_PUBLIC_URL</c>; null: <c>http://localhost:PORT</c>. The Host header is never used for it.</summary>
    public string? PublicUrl { get; init; } = Environment.GetEnvironmentVariable("HEARTH_PUBLIC_URL") is { Length: > 0 } url ? url : null;

    /// <summary>File with the master key of secrets: from <c>HEARTH_MASTER_KEY_FILE</c>; null: <c>keys/master</c> in the data directory, made at the first start.</summary>
    public string? MasterKeyFile { get; init; } = Environment.GetEnvironmentVariable("HEARTH_MASTER_KEY_FILE") is { Length: > 0 } file ? file : null;

    /// <summary>Replicas of one deployment that this machine holds.</summary>
    public int ReplicasPerDeployment { get; init; } = DeploymentLimits.OfThisMachine.ReplicasPerDeployment;

    /// <summary>How often callers may ask.</summary>
    public RateLimitOptions RateLimits { get; init; } = new();

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>How long a request may take until its answer begins; uploads and generation are not limited.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long open requests may take to end at shutdown.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How old a file that no row names must be before it is removed: from <c>HEARTH_SWEEP_HOURS</c>, else a day.</summary>
    public TimeSpan SweepAge { get; init; } = double.TryParse(
        Environment.GetEnvironmentVariable("HEARTH_SWEEP_HOURS"), System.Globalization.CultureInfo.InvariantCulture, out var hours) && hours >= 0
            ? TimeSpan.FromHours(hours)
            : Sweeper.DefaultAge;
}
