using System.CommandLine;
using Hearth.Cli;
using Hearth.Server;
using Microsoft.Extensions.Logging;

namespace Hearth;

/// <summary><c>hearth serve</c>.</summary>
internal static class ServeVerb
{
    private static readonly string[] LogFormats = ["text", "json"];
    private static readonly string[] LogLevels = ["debug", "info", "warn", "error"];

    private static readonly Option<string> Host = new("--host")
    {
        Description = "Address to listen on. Beyond loopback it needs TLS, or --insecure-http",
        DefaultValueFactory = _ => "127.0.0.1",
    };

    private static readonly Option<int> Port = new("--port") { Description = "Port; 0 takes a free one", DefaultValueFactory = _ => ServeOptions.DefaultPort };

    private static readonly Option<DirectoryInfo> Data = new("--data-dir")
    {
        Description = "Folder that holds everything the server keeps; one server a folder",
        DefaultValueFactory = _ => new DirectoryInfo(DataDirectory.Default),
    };

    private static readonly Option<FileInfo?> Ready = new("--ready-file")
    {
        Description = "File to write {url, grpc, account, adminKey, tinkerKey, limitedKey} to when the server answers",
    };

    private static readonly Option<string[]> Model = new("--model")
    {
        Description = "More base models: NAME=PATH of a Hugging Face folder or a GGUF file",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<FileInfo?> TlsCert = new("--tls-cert") { Description = "Serve https with this PEM certificate (and chain); needs --tls-key" };
    private static readonly Option<FileInfo?> TlsKey = new("--tls-key") { Description = "PEM file with the certificate's key" };
    private static readonly Option<bool> TlsSelfSigned = new("--tls-self-signed") { Description = "Serve https with a certificate that the server makes and keeps in keys/tls.pem" };
    private static readonly Option<bool> Insecure = new("--insecure-http") { Description = "Allow a --host beyond loopback without TLS, as behind a proxy that has it" };

    private static readonly Option<string[]> CorsOrigin = new("--cors-origin")
    {
        Description = "Origins whose web pages may call the server, such as https://app.example.com; * for any; none by default",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string> LogFormat = new("--log-format") { Description = "text, or json: one object a line; both on standard error", DefaultValueFactory = _ => "text" };
    private static readonly Option<string?> LogLevelName = new("--log-level") { Description = "debug, info (one line a request), warn or error; else warn for text, info for json" };

    private static readonly Option<long> RateLimit = new("--rate-limit")
    {
        Description = "Requests that an API key may make within a minute; an account twice as many",
        DefaultValueFactory = _ => new RateLimitOptions().PerKey,
    };

    private static readonly Option<bool> OpenMetrics = new("--open-metrics") { Description = "Let anybody on this machine read /metrics without a key" };

    private static readonly Option<int> Replicas = new("--replicas-per-deployment")
    {
        Description = "Replicas of one deployment that run at a time, each a process of its own; more wait",
        DefaultValueFactory = _ => Hearth.ControlPlane.DeploymentLimits.OfThisMachine.ReplicasPerDeployment,
    };

    private static readonly Option<int> ShutdownSeconds = new("--shutdown-seconds")
    {
        Description = "How long open answers may take to end when the server is asked to stop",
        DefaultValueFactory = _ => 10,
    };

    public static Command Create()
    {
        LogFormat.AcceptOnlyFromAmong(LogFormats);
        LogLevelName.AcceptOnlyFromAmong(LogLevels);
        var command = new Command("serve", "Run the server: API, jobs and deployments on this machine.")
        {
            Host, Port, Data, Ready, Model, TlsCert, TlsKey, TlsSelfSigned, Insecure, CorsOrigin, LogFormat, LogLevelName, RateLimit, OpenMetrics, Replicas, ShutdownSeconds,
        };
        command.SetAction((parsed, cancellationToken) => ServeRun.RunAsync(Read(parsed), cancellationToken));
        return command.WithExamples(
            ("hearth serve", $"listens on http://127.0.0.1:{ServeOptions.DefaultPort}; prints addresses, key and next commands"),
            ("hearth serve --data-dir ./data --model smol=./SmolLM2-135M-Instruct", "also serves and tunes a model of your own"),
            ("hearth serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem --log-format json", "for a network: https and machine-readable logs"),
            ("hearth serve --port 0 --ready-file ready.json", "for scripts: a free port; wait until ready.json is there"));
    }

    private static ServeOptions Read(ParseResult parsed)
    {
        var json = parsed.GetValue(LogFormat) == "json";
        var server = new HearthServerOptions
        {
            DataDirectory = parsed.GetRequiredValue(Data).FullName,
            Host = parsed.GetRequiredValue(Host),
            Port = parsed.GetValue(Port),
            TlsCertificate = parsed.GetValue(TlsCert)?.FullName,
            TlsKey = parsed.GetValue(TlsKey)?.FullName,
            TlsSelfSigned = parsed.GetValue(TlsSelfSigned),
            InsecureHttp = parsed.GetValue(Insecure),
            CorsOrigins = parsed.GetValue(CorsOrigin) ?? [],
            RateLimits = new() { PerKey = Math.Max(1, parsed.GetValue(RateLimit)), PerAccount = Math.Max(2, 2 * parsed.GetValue(RateLimit)) },
            OpenMetrics = parsed.GetValue(OpenMetrics),
            ReplicasPerDeployment = Math.Max(1, parsed.GetValue(Replicas)),
            JsonLogs = json,
            LogLevel = Level(parsed.GetValue(LogLevelName) ?? (json ? "info" : "warn")),
            ShutdownTimeout = TimeSpan.FromSeconds(Math.Clamp(parsed.GetValue(ShutdownSeconds), 0, ServeOptions.LongestShutdownSeconds)),
        };
        return new(server, parsed.GetValue(Ready)?.FullName, parsed.GetValue(Model) ?? []);
    }

    private static LogLevel Level(string name) => name switch
    {
        "debug" => LogLevel.Debug,
        "info" => LogLevel.Information,
        "warn" => LogLevel.Warning,
        _ => LogLevel.Error,
    };
}

/// <summary>What <c>hearth serve</c> was asked for.</summary>
/// <param name="Models">More base models, each <c>NAME=PATH</c>.</param>
internal sealed record ServeOptions(HearthServerOptions Server, string? ReadyFile, IReadOnlyList<string> Models)
{
    public const int DefaultPort = 8080; // decision 0002

    /// <summary>Less than the time that the program is given to end after a signal.</summary>
    public const int LongestShutdownSeconds = 20;

    public bool IsDefaultDataDirectory => Server.DataDirectory == DataDirectory.Default;
}
