using System.Reflection;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Hearth.Server;

/// <summary>
/// Sends traces by OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says so, and nothing anywhere else (rule S12). The spans are the web server's, one a
/// request, under a caller's <c>traceparent</c> where it sends one, and ours below them. The SDK's own variables hold.
/// </summary>
internal sealed class Tracing(HearthServerOptions options) : IHostedService, IDisposable
{
    private const string WebServer = "Microsoft.AspNetCore";
    private TracerProvider? _provider;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.OtlpEndpoint is null) return Task.CompletedTask;
        var version = typeof(Tracing).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        _provider = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddService("hearth", serviceVersion: version).AddEnvironmentVariableDetector())
            .AddSource(WebServer, Instruments.Spans.Name)
            .AddOtlpExporter(exporter =>
            {
                if (options.OtlpEndpoint == HearthServerOptions.OtlpEndpointOfEnvironment) return; // the exporter reads it itself, with all that belongs to it
                (exporter.Protocol, exporter.Endpoint) = (OtlpExportProtocol.HttpProtobuf, new Uri(options.OtlpEndpoint));
            })
            .Build();
        return Task.CompletedTask;
    }

    /// <summary>Sends what is still there.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        _provider?.ForceFlush(2_000);
        return Task.CompletedTask;
    }

    public void Dispose() => _provider?.Dispose();
}
