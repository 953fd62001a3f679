using System.Text.Json;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>One listing for every collection: pages, totals, filters, orders, masks.</summary>
public sealed class ListTests(ListTests.Fixture fixture) : IClassFixture<ListTests.Fixture>
{
    private const string Datasets = "/v1/accounts/local/datasets";
    private readonly TestServer _server = fixture.Server;

    public sealed class Fixture : IAsyncLifetime
    {
        public TestServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Server = await TestServer.StartAsync();
            for (var i = 0; i < 9; i++) await Server.Client.CreateDatasetAsync($"d{(i * 4) % 9}", new() { DisplayName = i % 2 == 0 ? $"Even {i}" : $"odd {i}", UserUploaded = new() });
        }

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();
    }

    [Theory]
    [InlineData("", "d0 d1 d2 d3 d4 d5 d6 d7 d8")]
    [InlineData("orderBy=name%20desc", "d8 d7 d6 d5 d4 d3 d2 d1 d0")]
    [InlineData("orderBy=create_time", "d0 d4 d8 d3 d7 d2 d6 d1 d5")]
    [InlineData("orderBy=createTime%20desc", "d5 d1 d6 d2 d7 d3 d8 d4 d0")]
    [InlineData("orderBy=displayName", "d0 d8 d7 d6 d5 d4 d3 d2 d1")]
    [InlineData("filter=displayName%3A%22Even*%22", "d0 d5 d6 d7 d8")]
    [InlineData("filter=display_name!%3D%22Even 0%22 AND state%3DUPLOADING", "d1 d2 d3 d4 d5 d6 d7 d8")]
    [InlineData("filter=state%3DREADY OR name%3Daccounts/local/datasets/d3", "d3")]
    [InlineData("filter=NOT (name%3Daccounts/local/datasets/d3 OR exampleCount<0) create_time>2020-01-01T00:00:00Z", "d0 d1 d2 d4 d5 d6 d7 d8")]
    [InlineData("filter=status.code%3DOK AND -displayName:\"*odd*\"&orderBy=name desc", "d8 d7 d6 d5 d0")]
    public async Task Pages_of_every_query_join_to_the_whole(string query, string expected)
    {
        var ids = new List<string>();
        var token = "";
        do
        {
            var (status, page) = await _server.GetAsync($"{Datasets}?pageSize=2&pageToken={token}&{query}");
            Assert.True(status == 200, page.ToString());
            var items = page.GetProperty("datasets").EnumerateArray().Select(item => item.GetProperty("name").GetString()!.Split('/')[^1]).ToList();
            Assert.True(items.Count <= 2);
            ids.AddRange(items);
            Assert.Equal(expected.Split(' ').Length, page.GetProperty("totalSize").GetInt32());
            token = page.GetProperty("nextPageToken").GetString()!;
        }
        while (token != "");
        Assert.Equal(expected, string.Join(' ', ids));
    }

    [Fact]
    public async Task A_page_token_belongs_to_its_query()
    {
        var (_, page) = await _server.GetAsync($"{Datasets}?pageSize=2");
        var token = page.GetProperty("nextPageToken").GetString()!;
        Assert.Equal(400, (await _server.GetAsync($"{Datasets}?pageSize=2&pageToken={token}&orderBy=name%20desc")).Status);
        Assert.Equal(400, (await _server.GetAsync($"/v1/accounts/local/models?pageToken={token}")).Status);
        Assert.Equal(400, (await _server.GetAsync($"{Datasets}?pageToken={token[..^2]}xx")).Status);
        Assert.Equal(400, (await _server.GetAsync($"{Datasets}?pageToken=bananas!")).Status);
        Assert.Equal(200, (await _server.GetAsync($"{Datasets}?pageSize=3&page_token={token}")).Status);
    }

    [Theory]
    [InlineData("filter=bananas%3D1", "no field 'bananas'")]
    [InlineData("filter=state", "needs a comparison")]
    [InlineData("filter=(state%3DREADY", "a ) is missing")]
    [InlineData("filter=state%3D%22READY", "closing quote")]
    [InlineData("orderBy=bananas", "no field 'bananas'")]
    [InlineData("orderBy=name%20sideways", "asc or desc")]
    public async Task A_wrong_filter_or_order_says_what_is_wrong(string query, string message)
    {
        var (status, body) = await _server.GetAsync($"{Datasets}?{query}");
        Assert.Equal(400, status);
        Assert.Contains(message, body.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_read_mask_answers_only_what_it_names()
    {
        var (_, one) = await _server.GetAsync($"{Datasets}/d3?readMask=name,status.code,display_name");
        Assert.Equal("displayName,name,status", string.Join(',', one.EnumerateObject().Select(field => field.Name).Order()));
        Assert.Equal("code", Assert.Single(one.GetProperty("status").EnumerateObject()).Name);
        var (_, page) = await _server.GetAsync($"{Datasets}?readMask=name");
        Assert.All(page.GetProperty("datasets").EnumerateArray(), item => Assert.Equal("name", Assert.Single(item.EnumerateObject()).Name));
        Assert.True((await _server.GetAsync($"{Datasets}/d3?readMask=*")).Body.EnumerateObject().Count() > 10);
    }

    [Fact]
    public async Task A_page_size_above_the_limit_is_reduced()
    {
        var (status, _) = await _server.GetAsync($"{Datasets}?pageSize=100000");
        Assert.Equal(200, status);
        Assert.Equal(400, (await _server.GetAsync($"{Datasets}?pageSize=-1")).Status);
    }
}
