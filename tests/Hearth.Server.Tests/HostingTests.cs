using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Hearth.ControlPlane;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>How the server listens, what it refuses before any endpoint sees it, and how it ends.</summary>
public sealed class HostingTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("hearth-hosting-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("/v1/accounts/local/datasets/accounts%2Flocal%2Fdatasets%2Frows", 200)]
    [InlineData("/v1/accounts/accounts%2flocal/datasets/rows", 200)]
    [InlineData("/v1/accounts/accounts%2Flocal/datasets/accounts%2Flocal%2Fdatasets%2Frows", 200)]
    [InlineData("/v1/accounts/accounts%2Flocal/datasets", 200)]
    [InlineData("/v1/accounts/fireworks/models/accounts%2Ffireworks%2Fmodels%2Ftiny", 200)]
    [InlineData("/v1/accounts/local/users/accounts%2Flocal%2Fusers%2Fadmin/apiKeys", 200)]
    [InlineData("/v1/models/accounts%2Ffireworks%2Fmodels%2Ftiny", 200)]
    [InlineData("/inference/v1/models/accounts/fireworks/models/tiny", 200)]
    [InlineData("/v1/models/accounts%2Fother%2Fmodels%2Ftiny", 404)]
    [InlineData("/v1/accounts/local/datasets/accounts%2Fother%2Fdatasets%2Frows", 404)]
    [InlineData("/v1/accounts/local/datasets/accounts%2Flocal%2Fmodels%2Frows", 404)]
    [InlineData("/v1/accounts/local/users/admin%2FapiKeys%2FKEY", 404)]
    [InlineData("/v1/accounts/local/datasets/..%2F..%2Ffireworks%2Fmodels%2Ftiny", 404)]
    public async Task An_encoded_name_means_what_the_plain_one_means_and_nothing_else(string address, int expected)
    {
        await using var server = await TestServer.StartAsync(_directory);
        await server.AddDatasetAsync("rows");
        var keys = (await server.GetAsync("/v1/accounts/local/users/admin/apiKeys")).Body.GetProperty("apiKeys");
        var (status, body) = await server.GetAsync(address.Replace("KEY", keys[0].GetProperty("keyId").GetString()));
        Assert.True(status == expected, $"{status} {body}");
    }

    [Fact]
    public async Task An_encoded_name_is_changed_and_deleted_like_the_plain_one()
    {
        await using var server = await TestServer.StartAsync(_directory);
        await server.AddDatasetAsync("rows");
        const string address = "/v1/accounts/local/datasets/accounts%2Flocal%2Fdatasets%2Frows";
        Assert.Equal(200, (await server.PostAsync($"{address}:validateUpload", "{}")).Status);
        Assert.Equal("New", (await server.SendAsync(HttpMethod.Patch, address, """{"displayName":"New"}""")).Body.GetProperty("displayName").GetString());
        Assert.Equal(200, (await server.SendAsync(HttpMethod.Delete, address)).Status);
        Assert.Equal(404, (await server.GetAsync("/v1/accounts/local/datasets/rows")).Status);
    }

    [Fact]
    public async Task A_self_signed_server_speaks_https_and_http_2_and_keeps_its_certificate()
    {
        string first;
        await using (var server = await TestServer.StartAsync(_directory, options: plain => plain with { TlsSelfSigned = true, Host = "0.0.0.0" }))
        {
            Assert.StartsWith("https://localhost:", server.Server.Url);
            first = await HandshakeAsync(server, HttpVersion.Version20);
            var file = Path.Combine(_directory, "keys", "tls.pem");
            if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
        await using var again = await TestServer.StartAsync(_directory, options: plain => plain with { TlsSelfSigned = true });
        Assert.Equal(first, await HandshakeAsync(again, HttpVersion.Version11));
    }

    [Fact]
    public async Task A_certificate_that_is_about_to_expire_or_lacks_a_name_is_made_anew()
    {
        var clock = new ManualClock();
        string first, second;
        await using (var server = await TestServer.StartAsync(_directory, clock, options: plain => plain with { TlsSelfSigned = true })) first = await HandshakeAsync(server);
        clock.Advance(TimeSpan.FromDays(380));
        await using (var server = await TestServer.StartAsync(_directory, clock, options: plain => plain with { TlsSelfSigned = true })) second = await HandshakeAsync(server);
        Assert.NotEqual(first, second);
        await using var named = await TestServer.StartAsync(_directory, clock, options: plain => plain with { TlsSelfSigned = true, PublicUrl = "https://hearth.example:8443" });
        Assert.NotEqual(second, await HandshakeAsync(named, name: "hearth.example"));
    }

    [Fact]
    public async Task A_certificate_comes_from_files_and_bad_files_say_so()
    {
        var (certificate, key) = (Path.Combine(_directory, "cert.pem"), Path.Combine(_directory, "key.pem"));
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var made = new CertificateRequest("CN=example", pair, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        File.WriteAllText(certificate, made.ExportCertificatePem());
        File.WriteAllText(key, pair.ExportPkcs8PrivateKeyPem());
        await using (var server = await TestServer.StartAsync(_directory, options: plain => plain with { TlsCertificate = certificate, TlsKey = key }))
            Assert.Equal(made.Thumbprint, await HandshakeAsync(server, name: null));
        File.WriteAllText(key, "no key");
        await RefusedAsync("key.pem", plain => plain with { TlsCertificate = certificate, TlsKey = key });
        await RefusedAsync("--tls-key", plain => plain with { TlsCertificate = certificate });
        await RefusedAsync("exclude", plain => plain with { TlsCertificate = certificate, TlsKey = key, TlsSelfSigned = true });
        await RefusedAsync("not an origin", plain => plain with { CorsOrigins = ["https://example.com/path"] });
        await RefusedAsync("--host", plain => plain with { Host = "example.com" });
    }

    [Fact]
    public async Task Web_pages_are_let_in_only_from_origins_that_were_named()
    {
        await using (var closed = await TestServer.StartAsync(_directory)) Assert.Null(await AllowedOriginAsync(closed, "https://app.example.com"));
        await using var open = await TestServer.StartAsync(_directory, options: plain => plain with { CorsOrigins = ["https://app.example.com"] });
        Assert.Equal("https://app.example.com", await AllowedOriginAsync(open, "https://app.example.com"));
        Assert.Null(await AllowedOriginAsync(open, "https://evil.example.com"));
        using var ask = new HttpRequestMessage(HttpMethod.Get, "/v1/accounts/local/datasets/absent") { Headers = { { "Origin", "https://app.example.com" } } };
        using var answer = await open.Http.SendAsync(ask);
        Assert.Equal("https://app.example.com", Assert.Single(answer.Headers.GetValues("Access-Control-Allow-Origin"))); // errors can be read too
    }

    [Theory]
    [InlineData("/v1/chat/completions", 65 << 20)]
    [InlineData("/inference/v1/completions", 65 << 20)]
    [InlineData("/v1/accounts/local/deployments", 5 << 20)]
    [InlineData("/v1/accounts/local/datasets/rows:upload", 152 << 20)]
    public async Task A_body_beyond_its_addresses_bound_is_refused_before_it_is_read(string address, int bytes)
    {
        await using var server = await TestServer.StartAsync(_directory);
        using var socket = new TcpClient("localhost", new Uri(server.Server.Url).Port);
        await using var stream = socket.GetStream();
        var head = $"POST {address} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.Server.AdminKey}\r\nContent-Type: application/json\r\nContent-Length: {bytes}\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(address.EndsWith("upload") ? head.Replace("application/json", "multipart/form-data; boundary=x") : head));
        var answer = new byte[4096];
        Assert.Contains(" 413 ", Encoding.ASCII.GetString(answer, 0, await stream.ReadAsync(answer)));
    }

    [Fact]
    public async Task Every_address_that_takes_a_body_declares_how_large_it_may_be()
    {
        await using var server = await TestServer.StartAsync(_directory);
        var writing = server.Server.Services.GetRequiredService<Microsoft.AspNetCore.Routing.EndpointDataSource>().Endpoints.OfType<Microsoft.AspNetCore.Routing.RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.IHttpMethodMetadata>()?.HttpMethods.Any(method => method is "POST" or "PATCH" or "PUT") == true).ToList();
        Assert.True(writing.Count > 40);
        Assert.Equal([], writing.Where(endpoint => endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Http.Metadata.IRequestSizeLimitMetadata>() is null).Select(endpoint => endpoint.RoutePattern.RawText));
    }

    [Fact]
    public async Task A_request_that_takes_too_long_is_given_up_with_504()
    {
        await using var server = await TestServer.StartAsync(
            _directory, configure: services => services.AddSingleton<IModelProbe, EndlessProbe>(), options: plain => plain with { RequestTimeout = TimeSpan.FromMilliseconds(200) });
        var (status, body) = await server.PostAsync("/hearth/v1/baseModels:import", """{"modelId":"slow","path":"/models/slow"}""");
        Assert.Equal((504, 4), (status, body.GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task Liveness_needs_no_key_and_readiness_names_what_is_wrong()
    {
        await using var server = await TestServer.StartAsync(_directory);
        using var nobody = server.NewHttp(null);
        Assert.Equal(200, (await server.SendAsync(HttpMethod.Get, "/health", http: nobody)).Status);
        var (early, reasons) = await server.SendAsync(HttpMethod.Get, "/ready", http: nobody);
        Assert.Equal(503, early); // no node agent runs here
        var failed = Assert.Single(reasons.GetProperty("checks").EnumerateArray(), check => !check.GetProperty("ok").GetBoolean());
        Assert.Equal("node", failed.GetProperty("name").GetString());
        Assert.Contains("assignments", failed.GetProperty("reason").GetString());
        await server.Assignments.ListAsync(default);
        Assert.Equal(200, (await server.SendAsync(HttpMethod.Get, "/ready", http: nobody)).Status);
    }

    [Fact]
    public async Task A_stopping_server_lets_streams_end_and_takes_no_new_connection()
    {
        await using var server = await ServingAsync(limit: TimeSpan.FromSeconds(30));
        var go = new TaskCompletionSource();
        server.Gateway.Next((_, cancel) => TwoTokensAsync(go.Task, cancel));
        using var stream = await OpenStreamAsync(server);
        var stopping = server.Server.StopAsync();
        while (await ConnectsAsync(server)) await Task.Yield();
        go.SetResult();
        Assert.EndsWith("data: [DONE]\n\n", await stream.ReadToEndAsync());
        await stopping.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_stream_beyond_the_limit_ends_with_an_error_event_and_is_not_billed()
    {
        await using var server = await ServingAsync(limit: TimeSpan.FromMilliseconds(50));
        server.Gateway.Next((_, cancel) => TwoTokensAsync(Task.Delay(Timeout.InfiniteTimeSpan, cancel), cancel));
        using var stream = await OpenStreamAsync(server);
        var store = server.Store;
        var billed = 0;
        store.Committed += change => billed += change.Usage.Count;
        var stopping = server.Server.StopAsync();
        var last = (await stream.ReadToEndAsync()).TrimEnd().Split('\n')[^1];
        Assert.StartsWith("data: {\"error\"", last);
        Assert.Contains("UNAVAILABLE", last);
        await stopping.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, billed);
    }

    [Fact]
    public async Task Every_answer_has_the_id_that_its_error_and_log_have()
    {
        await using var server = await TestServer.StartAsync(_directory);
        using var answer = await server.Http.GetAsync("/inference/v1/absent");
        var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(body.GetProperty("request_id").GetString(), Assert.Single(answer.Headers.GetValues("x-request-id")));
    }

    [Fact]
    public async Task The_limited_key_asks_models_and_changes_nothing()
    {
        await using var server = await TestServer.StartAsync(_directory);
        var key = await server.Server.LimitedKeyAsync();
        Assert.Equal(key, await server.Server.LimitedKeyAsync());
        using var http = server.NewHttp(key);
        Assert.Equal(200, (await server.SendAsync(HttpMethod.Get, "/v1/models", http: http)).Status);
        Assert.Equal(403, (await server.SendAsync(HttpMethod.Post, "/v1/accounts/local/datasets", """{"datasetId":"d","dataset":{}}""", http)).Status);
        Assert.Contains(server.Server.AdminKey!, File.ReadAllText(server.Server.CredentialsPath));
    }

    private async Task<TestServer> ServingAsync(TimeSpan limit)
    {
        var server = await TestServer.StartAsync(_directory, options: plain => plain with { ShutdownTimeout = limit });
        await server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny" }, "serve");
        await server.ServeAsync("accounts/local/deployments/serve");
        return server;
    }

    /// <summary>Asks for a stream and returns once its first token has come.</summary>
    private static async Task<StreamReader> OpenStreamAsync(TestServer server)
    {
        using var ask = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = TestServer.JsonBody("""{"model":"tiny","messages":[{"role":"user","content":"Hi"}],"stream":true}"""),
        };
        var answer = await server.Http.SendAsync(ask, HttpCompletionOption.ResponseHeadersRead);
        var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line && !line.Contains("first", StringComparison.Ordinal)) Assert.DoesNotContain("error", line);
        return reader;
    }

    private static async IAsyncEnumerable<GenerationEvent> TwoTokensAsync(Task between, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return new() { PromptTokenIds = [1], Text = "first", TokenIds = [10] };
        await between.WaitAsync(cancellationToken);
        yield return new() { Text = "second", TokenIds = [11], FinishReason = "stop", Usage = new(1, 2, 0) };
    }

    private static async Task<bool> ConnectsAsync(TestServer server)
    {
        try
        {
            using var socket = new TcpClient();
            await socket.ConnectAsync("localhost", new Uri(server.Server.Url).Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task<string?> AllowedOriginAsync(TestServer server, string origin)
    {
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/v1/chat/completions")
        {
            Headers = { { "Origin", origin }, { "Access-Control-Request-Method", "POST" }, { "Access-Control-Request-Headers", "authorization,content-type" } },
        };
        using var answer = await server.Http.SendAsync(preflight);
        return answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var allowed) ? allowed.Single() : null;
    }

    private async Task RefusedAsync(string reason, Func<HearthServerOptions, HearthServerOptions> options)
    {
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => HearthServer.CreateAsync(options(new() { DataDirectory = _directory, Port = 0 })));
        Assert.Contains(reason, refused.Message);
    }

    /// <summary>Asks over TLS and returns the certificate's thumbprint.</summary>
    private static async Task<string> HandshakeAsync(TestServer server, Version? version = null, string? name = "localhost")
    {
        var thumbprint = "";
        using var http = new HttpClient(new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = (_, certificate, _, _) =>
            {
                thumbprint = certificate!.Thumbprint;
                return name is null || certificate.MatchesHostname(name);
            },
        });
        var port = server.Server.Url.Contains("example") ? server.Server.Port : new Uri(server.Server.Url).Port;
        using var ask = new HttpRequestMessage(HttpMethod.Get, $"https://localhost:{port}/health") { Version = version ?? HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var answer = await http.SendAsync(ask);
        Assert.True(answer.IsSuccessStatusCode);
        return thumbprint;
    }

    private sealed class EndlessProbe : IModelProbe
    {
        public async ValueTask<ModelFacts> ProbeAsync(string path, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return TestServer.Facts;
        }
    }
}
