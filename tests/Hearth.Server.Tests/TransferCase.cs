using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Hearth.ControlPlane;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>A server of its own, a clock that moves when told, and a client that knows nothing but signed addresses.</summary>
public abstract class TransferCase : IAsyncLifetime
{
    protected const string Account = "/v1/accounts/local";

    protected ManualClock Clock { get; } = new();
    protected TestServer Server { get; private set; } = null!;

    /// <summary>Without a key.</summary>
    protected HttpClient Nobody { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await TestServer.StartAsync(clock: Clock, configure: Configure);
        Nobody = Server.NewHttp(null);
    }

    public async ValueTask DisposeAsync()
    {
        Nobody.Dispose();
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected virtual void Configure(IServiceCollection services)
    {
    }

    /// <summary>The address for one file of a dataset or model.</summary>
    protected async Task<string> OfferAsync(string resource, string file, long size)
    {
        var (status, body) = await Server.PostAsync($"{Account}/{resource}:getUploadEndpoint", JsonSerializer.Serialize(new { filenameToSize = new Dictionary<string, string> { [file] = $"{size}" } }));
        Assert.True(status == 200, body.ToString());
        return body.GetProperty("filenameToSignedUrls").GetProperty(file).GetString()!;
    }

    protected Task<(int Status, string Body)> PutAsync(string address, string content, string? range = null) => PutAsync(address, new ByteArrayContent(Encoding.UTF8.GetBytes(content)), range);

    protected async Task<(int Status, string Body)> PutAsync(string address, HttpContent content, string? range = null)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var request = new HttpRequestMessage(HttpMethod.Put, address) { Content = content };
        if (range is not null) request.Headers.TryAddWithoutValidation("X-Goog-Content-Length-Range", range);
        using var response = await Nobody.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    protected async Task PutFileAsync(string resource, string file, byte[] content)
    {
        var (status, body) = await PutAsync(await OfferAsync(resource, file, content.Length), new ByteArrayContent(content), $"{content.Length},{content.Length}");
        Assert.True(status == 200, body);
    }

    protected Task PutFileAsync(string resource, string file, string content) => PutFileAsync(resource, file, Encoding.UTF8.GetBytes(content));

    protected async Task<string> StateOfAsync(string resource) => (await Server.GetAsync($"{Account}/{resource}")).Body.GetProperty("state").GetString()!;

    protected string[] Blobs() => Directory.GetFiles(Path.Combine(Server.Directory, "blobs"), "*", SearchOption.AllDirectories);

    protected string[] Drafts() => Directory.GetFileSystemEntries(Path.Combine(Server.Directory, "tmp"));

    protected T Service<T>() where T : notnull => Server.Server.Services.GetRequiredService<T>();
}
