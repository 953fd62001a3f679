using System.Net;
using System.Text;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>The real program at SIGTERM, and where its traces go.</summary>
public sealed class ShutdownTests
{
    [Fact]
    public async Task A_stream_beyond_the_limit_is_told_so_the_program_ends_well_and_its_traces_arrive()
    {
        using var collector = new Collector();
        var environment = new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url, ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf" };
        await using var server = await RunningServer.StartAsync(environment, folder: null, "--shutdown-seconds", "0");
        var deployment = await server.DeployBaseAsync();
        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new("Bearer", server.AdminKey) } };
        using var ask = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Url, "/v1/chat/completions"))
        {
            Content = new StringContent($$"""{"model":"{{deployment}}","messages":[{"role":"user","content":"Hi"}],"stream":true,"n":64,"ignore_eos":true}""", Encoding.UTF8, "application/json"),
        };
        using var answer = await http.SendAsync(ask, HttpCompletionOption.ResponseHeadersRead);
        using var stream = new StreamReader(await answer.Content.ReadAsStreamAsync());
        Assert.StartsWith("data: {", await stream.ReadLineAsync());
        var ending = server.TerminateAsync();
        var last = (await stream.ReadToEndAsync().WaitAsync(RunningServer.Patience)).TrimEnd().Split('\n')[^1];
        Assert.Contains("UNAVAILABLE", last);
        Assert.Contains("stopping", last);
        Assert.Equal(0, await ending);
        Assert.Contains("POST /v1/chat/completions", collector.Received);
        Assert.Contains("generate", collector.Received);
    }

    /// <summary>Takes what is sent to it.</summary>
    private sealed class Collector : IDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly StringBuilder _received = new();

        public Collector()
        {
            using (var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0))
            {
                probe.Start();
                Url = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/";
            }
            _listener.Prefixes.Add(Url);
            _listener.Start();
            _ = Task.Run(TakeAsync);
        }

        public string Url { get; }

        public string Received
        {
            get
            {
                lock (_received) return _received.ToString();
            }
        }

        public void Dispose() => _listener.Close();

        private async Task TakeAsync()
        {
            try
            {
                while (true)
                {
                    var context = await _listener.GetContextAsync();
                    using var body = new MemoryStream();
                    await context.Request.InputStream.CopyToAsync(body);
                    lock (_received) _received.Append(Encoding.Latin1.GetString(body.ToArray()));
                    context.Response.Close();
                }
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // The test has ended.
            }
        }
    }
}
