using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>
/// The official Python SDK's requests, as it puts them on the wire: its headers, its multipart form, its retries (twice, of 408, 409, 429 and 5xx,
/// unless <c>x-should-retry</c> says no), and its polling.
/// </summary>
internal sealed class PythonSdk(Uri server, string key) : IDisposable
{
    private const int Retries = 2;
    private readonly HttpClient _http = new() { BaseAddress = server, Timeout = TimeSpan.FromSeconds(60) };

    /// <summary>How often the last call was sent.</summary>
    public int Sent { get; private set; }

    public Task<(int Status, JsonElement Body)> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    public Task<(int Status, JsonElement Body)> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path, null);

    public Task<(int Status, JsonElement Body)> PostAsync(string path, string json) => SendAsync(HttpMethod.Post, path, () => Json(json));

    public Task<(int Status, JsonElement Body)> PatchAsync(string path, string json) => SendAsync(HttpMethod.Patch, path, () => Json(json));

    /// <summary>What must succeed.</summary>
    public static async Task<JsonElement> Ok(Task<(int Status, JsonElement Body)> call)
    {
        var (status, body) = await call;
        Assert.True(status == 200, $"{status} {body}");
        return body;
    }

    /// <summary><c>datasets.upload(file=…)</c>.</summary>
    public Task<(int Status, JsonElement Body)> UploadAsync(string path, string fileName, string content) => SendAsync(HttpMethod.Post, path, () =>
    {
        const string boundary = "d41d8cd98f00b204e9800998ecf8427e";
        var form = $"--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{fileName}\"\r\nContent-Type: application/octet-stream\r\n\r\n{content}\r\n--{boundary}--\r\n";
        var body = new ByteArrayContent(Encoding.UTF8.GetBytes(form));
        body.Headers.ContentType = MediaTypeHeaderValue.Parse($"multipart/form-data; boundary={boundary}");
        return body;
    });

    /// <summary>A PUT to a signed address: no key, the file's bytes.</summary>
    public static async Task<int> PutAsync(string address, string content)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Put, address) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(content)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        request.Headers.TryAddWithoutValidation("X-Goog-Content-Length-Range", $"{Encoding.UTF8.GetByteCount(content)},{Encoding.UTF8.GetByteCount(content)}");
        request.Headers.UserAgent.ParseAdd("python-httpx/0.28.1");
        using var response = await http.SendAsync(request);
        return (int)response.StatusCode;
    }

    /// <summary>A streamed call: the data of each event, <c>[DONE]</c> included.</summary>
    public async Task<IReadOnlyList<string>> StreamAsync(string path, string json)
    {
        using var request = Request(HttpMethod.Post, path, Json(json), 0);
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode, await (response.IsSuccessStatusCode ? Task.FromResult("") : response.Content.ReadAsStringAsync()));
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return [.. (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(line => line["data: ".Length..])];
    }

    /// <summary>Asks again and again until the resource is as wanted.</summary>
    public async Task<JsonElement> UntilAsync(string path, Func<JsonElement, bool> done)
    {
        using var patience = new CancellationTokenSource(RunningServer.Patience);
        while (true)
        {
            var resource = await Ok(GetAsync(path));
            if (done(resource)) return resource;
            await Task.Delay(100, patience.Token);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<(int Status, JsonElement Body)> SendAsync(HttpMethod method, string path, Func<HttpContent>? content)
    {
        for (Sent = 0; ;)
        {
            using var request = Request(method, path, content?.Invoke(), Sent++);
            using var response = await _http.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            if (Sent <= Retries && IsRetried(response)) continue;
            Assert.True(response.Content.Headers.ContentType?.MediaType == "application/json", $"{(int)response.StatusCode} {text}");
            return ((int)response.StatusCode, JsonDocument.Parse(text).RootElement);
        }
    }

    private static bool IsRetried(HttpResponseMessage response) => response.Headers.TryGetValues("x-should-retry", out var should)
        ? should.Single() == "true"
        : (int)response.StatusCode is 408 or 409 or 429 or >= 500;

    private HttpRequestMessage Request(HttpMethod method, string path, HttpContent? content, int retry)
    {
        var request = new HttpRequestMessage(method, path) { Content = content };
        (string Name, string Value)[] headers =
        [
            ("Accept", "application/json"), ("Accept-Encoding", "gzip, deflate"), ("Connection", "keep-alive"), ("User-Agent", "Fireworks/Python 1.0.0"),
            ("Authorization", $"Bearer {key}"), ("X-Stainless-Lang", "python"), ("X-Stainless-Package-Version", "1.0.0"), ("X-Stainless-OS", "Linux"), ("X-Stainless-Arch", "x64"),
            ("X-Stainless-Runtime", "CPython"), ("X-Stainless-Runtime-Version", "3.12.3"), ("X-Stainless-Async", "false"),
            ("x-stainless-retry-count", retry.ToString()), ("x-stainless-read-timeout", "60"),
        ];
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    private static ByteArrayContent Json(string json)
    {
        var body = new ByteArrayContent(Encoding.UTF8.GetBytes(json));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json"); // httpx sends no charset
        return body;
    }
}
