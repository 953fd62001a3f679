using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Uploads: every bad line is reported with number, offset, rule and remedy, and nothing half-written stays.</summary>
public sealed class DatasetTests(ErrorTests.Fixture fixture) : IClassFixture<ErrorTests.Fixture>
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_bad_line_is_reported_and_the_dataset_stays_uploading()
    {
        await _server.Client.CreateDatasetAsync("bad");
        var good = TestServer.Rows(2);
        var (status, body) = await _server.UploadAsync("bad", good + """{"messages":[{"role":"bananas","content":"x"}]}""" + "\n" + TestServer.Rows(1));
        Assert.Equal((400, 3), (status, body.GetProperty("code").GetInt32()));
        Assert.Equal(
            $"error validating dataset: chat dataset validation failed on data.jsonl:3 (byte {good.Length}): invalid role bananas in message 0, must be 'system', 'user', 'assistant' or 'tool'. Rename the role.",
            body.GetProperty("message").GetString());
        Assert.Equal("line 3", body.GetProperty("details")[0].GetProperty("fieldViolations")[0].GetProperty("field").GetString());

        var (_, dataset) = await _server.GetAsync("/v1/accounts/local/datasets/bad");
        Assert.Equal("UPLOADING", dataset.GetProperty("state").GetString());
        Assert.Equal("INVALID_ARGUMENT", dataset.GetProperty("status").GetProperty("code").GetString());
        Assert.Equal("0", dataset.GetProperty("exampleCount").GetString());
        var (validate, again) = await _server.PostAsync("/v1/accounts/local/datasets/bad:validateUpload", "{}");
        Assert.Equal((400, body.GetProperty("message").GetString()), (validate, again.GetProperty("message").GetString()));

        Assert.Equal(200, (await _server.UploadAsync("bad", TestServer.Rows(3))).Status);
        (_, dataset) = await _server.GetAsync("/v1/accounts/local/datasets/bad");
        Assert.Equal(("READY", "3", "OK"), (dataset.GetProperty("state").GetString(), dataset.GetProperty("exampleCount").GetString(), dataset.GetProperty("status").GetProperty("code").GetString()));
    }

    [Fact]
    public async Task The_error_shows_ten_faults_and_the_report_has_all()
    {
        await _server.Client.CreateDatasetAsync("many");
        var (status, body) = await _server.UploadAsync("many", string.Concat(Enumerable.Repeat("{\"messages\":[]}\n", 25)));
        Assert.Equal(400, status);
        Assert.Equal(10, body.GetProperty("details")[0].GetProperty("fieldViolations").GetArrayLength());
        Assert.Contains("and 15 more", body.GetProperty("message").GetString());
        var (_, dataset) = await _server.GetAsync("/v1/accounts/local/datasets/many");
        var (_, report) = await _server.GetAsync(dataset.GetProperty("hearthReport").GetString()!);
        Assert.Equal((25, 25), (report.GetProperty("faultCount").GetInt32(), report.GetProperty("faults").GetArrayLength()));
        Assert.Equal((25, 24 * 16), (report.GetProperty("faults")[24].GetProperty("line").GetInt32(), report.GetProperty("faults")[24].GetProperty("offset").GetInt32()));
    }

    [Fact]
    public async Task A_refused_upload_leaves_no_bytes_of_it()
    {
        await using var server = await TestServer.StartAsync();
        await server.Client.CreateDatasetAsync("bad");
        var canary = new string('q', 1000);
        await server.UploadAsync("bad", $"{canary}\n{canary}\n{canary}\n");
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(server.Directory, "tmp")));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(server.Directory, "blobs"), "*", SearchOption.AllDirectories))
            Assert.DoesNotContain(canary, await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task An_upload_that_is_cut_short_leaves_nothing()
    {
        await using var server = await TestServer.StartAsync();
        await server.Client.CreateDatasetAsync("cut");
        var head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.jsonl\"\r\n\r\n" + TestServer.Rows(10);
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(head)); // no closing boundary
        content.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=b");
        using var response = await server.Http.PostAsync("/v1/accounts/local/datasets/cut:upload", content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("cut short", await response.Content.ReadAsStringAsync());
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(server.Directory, "tmp")));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(server.Directory, "blobs"), "*", SearchOption.AllDirectories));
        Assert.Equal("UPLOADING", (await server.GetAsync("/v1/accounts/local/datasets/cut")).Body.GetProperty("state").GetString());
    }

    [Fact]
    public async Task An_upload_must_be_a_form_with_a_file()
    {
        await _server.Client.CreateDatasetAsync("form");
        Assert.Equal(415, (await _server.PostAsync("/v1/accounts/local/datasets/form:upload", "{}")).Status);
        using var other = new MultipartFormDataContent { { new StringContent("x"), "other" } };
        using var response = await _server.Http.PostAsync("/v1/accounts/local/datasets/form:upload", other);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(404, (await _server.UploadAsync("absent", TestServer.Rows(3))).Status);
    }

    [Fact]
    public async Task Rows_of_a_ready_dataset_never_change()
    {
        await _server.AddDatasetAsync("fixed");
        var (status, body) = await _server.UploadAsync("fixed", TestServer.Rows(9));
        Assert.Equal((400, 9), (status, body.GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task Patch_changes_only_the_fields_that_are_present()
    {
        await _server.PostAsync("/v1/accounts/local/datasets", """{"datasetId":"patched","dataset":{"displayName":"One","sourceJobName":"accounts/local/jobs/j"}}""");
        var (_, body) = await _server.SendAsync(HttpMethod.Patch, "/v1/accounts/local/datasets/patched", """{"displayName":"Two"}""");
        Assert.Equal(("Two", "accounts/local/jobs/j"), (body.GetProperty("displayName").GetString(), body.GetProperty("sourceJobName").GetString()));
    }

    [Fact]
    public async Task Deleting_a_dataset_deletes_its_bytes_unless_another_has_the_same()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddDatasetAsync("one");
        await server.AddDatasetAsync("two");
        string[] Blobs() => Directory.GetFiles(Path.Combine(server.Directory, "blobs"), "*", SearchOption.AllDirectories);
        var before = Blobs().Length; // equal bytes and equal reports are stored once
        Assert.Equal(2, before);
        await server.Client.DeleteDatasetAsync("one");
        Assert.Equal(404, (await server.GetAsync("/v1/accounts/local/datasets/one")).Status);
        await server.DeliveredAsync();
        Assert.Equal(before, Blobs().Length);
        await server.Client.DeleteDatasetAsync("two");
        await server.DeliveredAsync();
        Assert.Empty(Blobs());
    }
}
