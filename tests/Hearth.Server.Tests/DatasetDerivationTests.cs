using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Downloads, copies, filters and splits of datasets, and the lineage that they leave.</summary>
public sealed class DatasetDerivationTests : TransferCase
{
    private static string Tagged(int count) => string.Concat(Enumerable.Range(0, count).Select(i =>
        $$"""{"messages":[{"role":"user","content":"Question {{i}}"},{"role":"assistant","content":"{{(i % 2 == 0 ? "even" : "odd")}}"}],"level":{{i}},"tags":["t{{i % 3}}"]}""" + "\n"));

    [Fact]
    public async Task A_dataset_is_downloaded_as_it_was_uploaded_without_a_key()
    {
        await Server.AddDatasetAsync("down");
        var urls = await DownloadsAsync("down");
        var (name, url) = Assert.Single(urls);
        Assert.Equal("dataset/down/data.jsonl", name);
        using var response = await Nobody.GetAsync(url);
        Assert.Equal(TestServer.Rows(8), await response.Content.ReadAsStringAsync());
        Assert.Equal("attachment", response.Content.Headers.ContentDisposition!.DispositionType);
        Assert.Equal("data.jsonl", response.Content.Headers.ContentDisposition.FileName);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.StartsWith("sandbox", response.Headers.GetValues("Content-Security-Policy").Single());
    }

    [Fact]
    public async Task A_download_answers_ranges_until_its_time_is_over()
    {
        await Server.AddDatasetAsync("down");
        var url = (await DownloadsAsync("down")).Values.Single();
        using var range = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Range = new RangeHeaderValue(10, 19) } };
        using var part = await Nobody.SendAsync(range);
        Assert.Equal((HttpStatusCode.PartialContent, TestServer.Rows(8)[10..20]), (part.StatusCode, await part.Content.ReadAsStringAsync()));
        using var head = await Nobody.SendAsync(new HttpRequestMessage(HttpMethod.Head, url));
        Assert.Equal((HttpStatusCode.OK, TestServer.Rows(8).Length), (head.StatusCode, head.Content.Headers.ContentLength));
        Assert.Equal(403, (await PutAsync(url, "abc")).Status);
        Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(HttpStatusCode.Forbidden, (await Nobody.GetAsync(url)).StatusCode);
    }

    [Fact]
    public async Task A_download_of_a_deleted_dataset_says_that_it_is_gone()
    {
        await Server.AddDatasetAsync("down");
        var url = (await DownloadsAsync("down")).Values.Single();
        await Server.Client.DeleteDatasetAsync("down");
        await Server.DeliveredAsync();
        using var response = await Nobody.GetAsync(url);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains("is gone", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Several_files_come_back_each_under_its_name()
    {
        await Server.Client.CreateDatasetAsync("several");
        var (first, second) = (TestServer.Rows(3).TrimEnd('\n'), TestServer.Rows(2));
        await PutFileAsync("datasets/several", "a.jsonl", first);
        await PutFileAsync("datasets/several", "b.jsonl", second);
        await Server.PostAsync($"{Account}/datasets/several:validateUpload", "{}");
        var urls = await DownloadsAsync("several");
        Assert.Equal(["dataset/several/a.jsonl", "dataset/several/b.jsonl"], urls.Keys.Order());
        Assert.Equal(first, await Nobody.GetStringAsync(urls["dataset/several/a.jsonl"]));
        Assert.Equal(second, await Nobody.GetStringAsync(urls["dataset/several/b.jsonl"]));
        using var range = new HttpRequestMessage(HttpMethod.Get, urls["dataset/several/b.jsonl"]) { Headers = { Range = new RangeHeaderValue(5, 9) } };
        using var part = await Nobody.SendAsync(range);
        Assert.Equal(second[5..10], await part.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_fault_in_one_of_several_files_is_placed_in_that_file()
    {
        await Server.Client.CreateDatasetAsync("placed");
        await PutFileAsync("datasets/placed", "a.jsonl", TestServer.Rows(3).TrimEnd('\n'));
        await PutFileAsync("datasets/placed", "b.jsonl", TestServer.Rows(1) + "{}\n");
        var (status, body) = await Server.PostAsync($"{Account}/datasets/placed:validateUpload", "{}");
        Assert.Equal(400, status);
        Assert.Contains($"b.jsonl:2 (byte {TestServer.Rows(1).Length})", body.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_get_verb_takes_no_body_and_no_post()
    {
        await Server.AddDatasetAsync("verbs");
        var (get, body) = await Server.SendAsync(HttpMethod.Get, $"{Account}/datasets/verbs:getDownloadEndpoint", "{}");
        Assert.Equal((400, 3), (get, body.GetProperty("code").GetInt32()));
        var (post, refusal) = await Server.PostAsync($"{Account}/datasets/verbs:getDownloadEndpoint", "{}");
        Assert.Equal((405, "Method Not Allowed"), (post, refusal.GetProperty("message").GetString()));
    }

    [Fact]
    public async Task A_dataset_without_its_file_has_nothing_to_download()
    {
        await Server.Client.CreateDatasetAsync("empty");
        Assert.Equal(400, (await Server.GetAsync($"{Account}/datasets/empty:getDownloadEndpoint")).Status);
    }

    [Theory]
    [InlineData("level>=6", 4, "6789")]
    [InlineData("messages.content=\"odd\"", 5, "13579")]
    [InlineData("messages.content:\"*tion 1\" OR level=4 OR level=5", 3, "145")]
    [InlineData("tags:t0 AND NOT level=0", 3, "369")]
    public async Task A_filter_makes_a_dataset_of_the_rows_it_keeps(string filter, int count, string levels)
    {
        await AddTaggedAsync("source", 10);
        var (status, body) = await Server.PostAsync($"{Account}/datasets", JsonSerializer.Serialize(new { datasetId = "kept", dataset = new { displayName = "Kept" }, sourceDatasetId = "source", filter }));
        Assert.True(status == 200, body.ToString());
        Assert.Equal(("READY", $"{count}", "Kept"), (body.GetProperty("state").GetString(), body.GetProperty("exampleCount").GetString(), body.GetProperty("displayName").GetString()));
        var transformed = body.GetProperty("transformed");
        Assert.Equal(("source", filter, "CHAT"), (transformed.GetProperty("sourceDatasetId").GetString(), transformed.GetProperty("filter").GetString(), transformed.GetProperty("originalFormat").GetString()));
        var rows = await Nobody.GetStringAsync((await DownloadsAsync("kept")).Values.Single());
        Assert.Equal(levels, string.Concat(rows.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(row => JsonDocument.Parse(row).RootElement.GetProperty("level").GetInt32())));
    }

    [Theory]
    [InlineData("level>100", 400, "would have 0 of the 10 rows")]
    [InlineData("level>", 400, "filter:")]
    public async Task A_filter_that_keeps_too_little_or_makes_no_sense_is_refused_and_leaves_nothing(string filter, int expected, string message)
    {
        await AddTaggedAsync("source", 10);
        var before = Blobs().Length;
        var (status, body) = await Server.PostAsync($"{Account}/datasets", JsonSerializer.Serialize(new { datasetId = "kept", dataset = new { }, sourceDatasetId = "source", filter }));
        Assert.Equal(expected, status);
        Assert.Contains(message, body.GetProperty("message").GetString());
        Assert.Equal(404, (await Server.GetAsync($"{Account}/datasets/kept")).Status);
        Assert.Equal((before, 0), (Blobs().Length, Drafts().Length));
    }

    [Fact]
    public async Task A_copy_shares_the_bytes_and_outlives_its_source()
    {
        await AddTaggedAsync("source", 10);
        var before = Blobs().Length;
        var (status, _) = await Server.PostAsync($"{Account}/datasets", """{"datasetId":"copy","dataset":{},"sourceDatasetId":"accounts/local/datasets/source"}""");
        Assert.Equal((200, before), (status, Blobs().Length));
        await Server.Client.DeleteDatasetAsync("source");
        await Server.DeliveredAsync();
        Assert.Equal(Tagged(10), await Nobody.GetStringAsync((await DownloadsAsync("copy", "?downloadLineage=true")).Values.Single()));
    }

    [Fact]
    public async Task Anothers_dataset_is_no_source()
    {
        var (status, body) = await Server.PostAsync($"{Account}/datasets", """{"datasetId":"copy","dataset":{},"sourceDatasetId":"accounts/other/datasets/secret"}""");
        Assert.Equal((404, "accounts/other/datasets/secret not found"), (status, body.GetProperty("message").GetString()));
    }

    [Fact]
    public async Task A_split_divides_the_rows_the_same_way_for_the_same_seed_whatever_their_order()
    {
        await AddTaggedAsync("source", 40);
        await AddAsync("reversed", string.Concat(Tagged(40).Split('\n', StringSplitOptions.RemoveEmptyEntries).Reverse().Select(row => row + "\n")));
        var first = await SplitAsync("source", """{"datasetIds":["train","test"],"fraction":0.75,"seed":7}""", "train");
        var again = await SplitAsync("reversed", """{"datasetIds":["train-b","test-b"],"rows":30,"seed":"7"}""", "train-b");
        var other = await SplitAsync("source", """{"datasetIds":["train-c","test-c"],"fraction":0.75,"seed":8}""", "train-c");
        Assert.Equal(30, first.Count);
        Assert.Equal(first.Order(), again.Order());
        Assert.NotEqual(first.Order(), other.Order());
        var rest = await RowsOfAsync("test");
        Assert.Equal(Tagged(40).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(), first.Concat(rest).Order());
        var (_, test) = await Server.GetAsync($"{Account}/datasets/test");
        Assert.Equal(("source", "10"), (test.GetProperty("splitted").GetProperty("sourceDatasetId").GetString(), test.GetProperty("exampleCount").GetString()));
    }

    [Fact]
    public async Task Equal_rows_are_never_on_both_sides()
    {
        await AddAsync("twins", Tagged(10) + Tagged(10) + Tagged(10));
        var first = await SplitAsync("twins", """{"datasetIds":["a","b"],"rows":16}""", "a");
        Assert.Empty(first.Intersect(await RowsOfAsync("b")));
        Assert.Equal(18, first.Count); // the six lowest hashes, each three times
    }

    [Theory]
    [InlineData("""{"datasetIds":["a","b"]}""", "either fraction or rows")]
    [InlineData("""{"datasetIds":["a","b"],"fraction":0.5,"rows":3}""", "either fraction or rows")]
    [InlineData("""{"datasetIds":["a"],"fraction":0.5}""", "two different new datasets")]
    [InlineData("""{"datasetIds":["a","a"],"fraction":0.5}""", "two different new datasets")]
    [InlineData("""{"datasetIds":["a","b"],"fraction":1}""", "less than 1")]
    [InlineData("""{"datasetIds":["a","b"],"rows":9}""", "would have 1 of the 10 rows")]
    [InlineData("""{"datasetIds":["source","b"],"fraction":0.5}""", "already exists")]
    [InlineData("""{"datasetIds":["A","b"],"fraction":0.5}""", "not a valid id")]
    [InlineData("""{"datasetIds":["a","b"],"share":0.5}""", "unknown field")]
    public async Task A_split_that_cannot_be_is_refused_whole(string body, string message)
    {
        await AddTaggedAsync("source", 10);
        var (status, refusal) = await Server.PostAsync($"{Account}/datasets/source:splitDataset", body);
        Assert.True(status is 400 or 409, $"{status}");
        Assert.Contains(message, refusal.GetProperty("message").GetString());
        Assert.Equal(404, (await Server.GetAsync($"{Account}/datasets/b")).Status);
    }

    [Fact]
    public async Task Lineage_adds_every_ancestor_that_still_is_what_it_was()
    {
        await AddTaggedAsync("root", 20);
        await SplitAsync("root", """{"datasetIds":["train","test"],"rows":12}""", "train");
        await Server.PostAsync($"{Account}/datasets", """{"datasetId":"hard","dataset":{},"sourceDatasetId":"train","filter":"level>=2"}""");
        Assert.Equal(["dataset/hard/hard.jsonl"], (await DownloadsAsync("hard")).Keys);
        Assert.Equal(["dataset/hard/hard.jsonl", "dataset/root/data.jsonl", "dataset/train/train.jsonl"], (await DownloadsAsync("hard", "?downloadLineage=true")).Keys.Order());
        await Server.Client.DeleteDatasetAsync("root");
        await AddTaggedAsync("root", 5); // another dataset under the name
        Assert.Equal(2, (await DownloadsAsync("hard", "?download_lineage=true")).Count);
    }

    [Fact]
    public async Task A_count_that_differs_from_the_file_is_a_warning()
    {
        await Server.PostAsync($"{Account}/datasets", """{"datasetId":"claimed","dataset":{"exampleCount":"9"}}""");
        Assert.Equal(200, (await Server.UploadAsync("claimed", TestServer.Rows(4))).Status);
        var (_, dataset) = await Server.GetAsync($"{Account}/datasets/claimed");
        Assert.Equal("4", dataset.GetProperty("exampleCount").GetString());
        var (_, report) = await Server.GetAsync(dataset.GetProperty("hearthReport").GetString()!);
        Assert.Contains("exampleCount said 9 rows; the file has 4.", report.GetProperty("warnings").EnumerateArray().Select(warning => warning.GetString()));
    }

    [Theory]
    [InlineData("", """{"datasetId":"more","dataset":{},"sourceDatasetId":"source"}""")]
    [InlineData("", """{"datasetId":"more","dataset":{},"sourceDatasetId":"source","filter":"level>1"}""")]
    [InlineData("/source:splitDataset", """{"datasetIds":["a","b"],"fraction":0.5}""")]
    public async Task Derived_datasets_count_against_the_quota(string verb, string body)
    {
        await AddTaggedAsync("source", 10);
        await Server.SendAsync(HttpMethod.Patch, $"{Account}/quotas/hearth-dataset-bytes", $$"""{"value":"{{Tagged(10).Length + 100}}"}""");
        var (status, refusal) = await Server.PostAsync($"{Account}/datasets{verb}", body);
        Assert.Equal((429, 8), (status, refusal.GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task A_bucket_of_ones_own_is_refused_by_name()
    {
        var (status, body) = await Server.PostAsync($"{Account}/datasets", """{"datasetId":"far","dataset":{"externalUrl":"gs://bucket/rows.jsonl"}}""");
        Assert.Equal(501, status);
        Assert.Contains("externalUrl", body.GetProperty("message").GetString());
    }

    private Task AddTaggedAsync(string id, int count) => AddAsync(id, Tagged(count));

    private async Task AddAsync(string id, string rows)
    {
        await Server.Client.CreateDatasetAsync(id);
        var (status, body) = await Server.UploadAsync(id, rows);
        Assert.True(status == 200, body.ToString());
    }

    private async Task<Dictionary<string, string>> DownloadsAsync(string id, string query = "")
    {
        var (status, body) = await Server.GetAsync($"{Account}/datasets/{id}:getDownloadEndpoint{query}");
        Assert.True(status == 200, body.ToString());
        return body.GetProperty("filenameToSignedUrls").EnumerateObject().ToDictionary(url => url.Name, url => url.Value.GetString()!);
    }

    private async Task<IReadOnlyList<string>> SplitAsync(string id, string body, string part)
    {
        var (status, answer) = await Server.PostAsync($"{Account}/datasets/{id}:splitDataset", body);
        Assert.True(status == 200, answer.ToString());
        Assert.Equal(2, answer.GetProperty("datasets").GetArrayLength());
        return await RowsOfAsync(part);
    }

    private async Task<IReadOnlyList<string>> RowsOfAsync(string id) =>
        (await Nobody.GetStringAsync((await DownloadsAsync(id)).Values.Single())).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
