using System.Net.ServerSentEvents;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>A server whose answers are validated strictly against the published contract: one test class a group of collections.</summary>
public abstract class ContractCase : IAsyncLifetime
{
    protected const string Account = "/v1/accounts/local";
    protected static readonly ContractDocument Contract = ContractDocument.Load();
    protected TestServer Server { get; set; } = null!;

    public virtual async ValueTask InitializeAsync() => Server = await TestServer.StartAsync(configure: Configure);

    /// <summary>Services beyond those of every test server.</summary>
    protected virtual void Configure(IServiceCollection services)
    {
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Sends a request that must succeed; its answer must be as documented.</summary>
    protected async Task<JsonElement> CheckAsync(string method, string address, string? json = null)
    {
        var (status, body) = await Server.SendAsync(new HttpMethod(method), address, json);
        Assert.True(status == 200, $"{method} {address}: {status} {body}");
        Check(method, address, body);
        return body;
    }

    protected static void Check(string method, string address, JsonElement body)
    {
        var path = Contract.PathOf(address.Replace("/inference", ""));
        var problems = Contract.Validate(method, path, body);
        Assert.True(problems.Count == 0, $"{method} {address}:\n{string.Join('\n', problems)}");
    }

    /// <summary>A record of ours has exactly the fields of the contract's schema and those documented beside it.</summary>
    protected static void SameNames(Type ours, string theirs)
    {
        var names = Hearth.Contracts.ContractJson.Options.GetTypeInfo(ours).Properties.Where(property => property.Get is not null).Select(property => property.Name);
        var documented = Contract.Schema(theirs).GetProperty("properties").EnumerateObject().Select(property => property.Name).ToHashSet();
        Assert.Equal(documented.Order(), names.Where(name => documented.Contains(name) || !(name.StartsWith("hearth") || Contract.IsExtra(theirs, name))).Order());
    }

    protected async Task CheckStreamAsync(string address, string json, string schema)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = TestServer.JsonBody(json) };
        using var response = await Server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        var events = 0;
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            if (item.Data == "[DONE]") break;
            events++;
            var problems = Contract.ValidateAs(schema, JsonDocument.Parse(item.Data).RootElement);
            Assert.True(problems.Count == 0, $"{schema}: {item.Data}\n{string.Join('\n', problems)}");
        }
        Assert.True(events > 2);
    }
}
