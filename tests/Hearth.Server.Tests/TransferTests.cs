using System.Net;
using System.Net.Sockets;
using System.Text;
using Hearth.Client;
using Hearth.ControlPlane;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Rule S7: an address takes exactly what was declared, once, for its time, and nothing that was not signed.</summary>
public sealed class TransferTests : TransferCase
{
    [Fact]
    public async Task A_file_put_at_its_address_becomes_the_dataset()
    {
        await Server.Client.CreateDatasetAsync("signed");
        var rows = TestServer.Rows(5);
        var address = await OfferAsync("datasets/signed", "data.jsonl", rows.Length);
        Assert.StartsWith(Server.Server.Url + "/", address);
        Assert.Equal((200, ""), await PutAsync(address, rows, $"{rows.Length},{rows.Length}"));
        Assert.Equal("UPLOADING", await StateOfAsync("datasets/signed"));
        var (status, body) = await Server.PostAsync($"{Account}/datasets/signed:validateUpload", "{}");
        Assert.True(status == 200, body.ToString());
        Assert.Equal("READY", await StateOfAsync("datasets/signed"));
        Assert.Equal("5", (await Server.GetAsync($"{Account}/datasets/signed")).Body.GetProperty("exampleCount").GetString());
        Assert.Equal(200, (await Server.PostAsync($"{Account}/datasets/signed:validateUpload", "{}")).Status);
        Assert.Equal(403, (await PutAsync(address, rows)).Status);
    }

    [Fact]
    public async Task The_base_is_the_public_address_whatever_the_host_header_says()
    {
        await Server.Client.CreateDatasetAsync("host");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Account}/datasets/host:getUploadEndpoint") { Content = TestServer.JsonBody("""{"filename_to_size":{"a.jsonl":3}}""") };
        request.Headers.Host = "evil.example";
        using var response = await Server.Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.Contains(Server.Server.Url, text);
        Assert.DoesNotContain("evil", text);
    }

    [Fact]
    public async Task An_address_is_used_once()
    {
        await Server.Client.CreateDatasetAsync("once");
        var address = await OfferAsync("datasets/once", "data.jsonl", 3);
        Assert.Equal(200, (await PutAsync(address, "abc")).Status);
        var (status, body) = await PutAsync(address, "xyz");
        Assert.Equal(403, status);
        Assert.Contains("was used", body);
        Assert.Equal("abc", File.ReadAllText(Assert.Single(Blobs())));
    }

    [Fact]
    public async Task Of_two_at_once_one_lands()
    {
        await Server.Client.CreateDatasetAsync("race");
        var address = await OfferAsync("datasets/race", "data.jsonl", 3);
        var both = await Task.WhenAll(PutAsync(address, "abc"), PutAsync(address, "xyz"));
        Assert.Equal([200, 403], both.Select(one => one.Status).Order());
    }

    [Fact]
    public async Task A_newer_offer_replaces_the_address_and_what_landed_there()
    {
        await Server.Client.CreateDatasetAsync("again");
        var first = await OfferAsync("datasets/again", "data.jsonl", 3);
        await PutAsync(first, "abc");
        var second = await OfferAsync("datasets/again", "data.jsonl", 3);
        await Server.DeliveredAsync();
        Assert.Empty(Blobs());
        Assert.Equal(403, (await PutAsync(first, "abc")).Status);
        Assert.Equal(200, (await PutAsync(second, "xyz")).Status);
    }

    [Theory]
    [InlineData("abcd", null, 400, "exactly 3 bytes")]
    [InlineData("ab", null, 400, "exactly 3 bytes")]
    [InlineData("abc", "3,3", 200, "")]
    [InlineData("abc", "0,10", 200, "")]
    [InlineData("abc", "4,9", 400, "leaves out the 3 bytes")]
    [InlineData("abc", "3", 400, "is not a range")]
    public async Task The_size_is_exact_and_the_length_range_honoured(string content, string? range, int expected, string message)
    {
        await Server.Client.CreateDatasetAsync("sized");
        var (status, body) = await PutAsync(await OfferAsync("datasets/sized", "data.jsonl", 3), content, range);
        Assert.Equal(expected, status);
        Assert.Contains(message, body);
        Assert.Equal(expected == 200 ? 1 : 0, Blobs().Length);
        Assert.Empty(Drafts());
    }

    [Theory]
    [InlineData("abcdef")]
    [InlineData("ab")]
    public async Task A_body_of_unknown_length_is_held_to_the_size_while_it_streams(string content)
    {
        await Server.Client.CreateDatasetAsync("chunked");
        using var stream = new StreamContent(new UnknownLength(Encoding.UTF8.GetBytes(content)));
        var (status, body) = await PutAsync(await OfferAsync("datasets/chunked", "data.jsonl", 3), stream);
        Assert.Equal(400, status);
        Assert.Contains("exactly 3 bytes", body);
        Assert.Empty(Drafts());
        Assert.Empty(Blobs());
    }

    [Fact]
    public async Task A_connection_cut_in_the_middle_leaves_nothing_and_the_address_open()
    {
        await Server.Client.CreateDatasetAsync("cut");
        var address = new Uri(await OfferAsync("datasets/cut", "data.jsonl", 1000));
        using (var socket = new TcpClient("localhost", address.Port))
        {
            await using var stream = socket.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"PUT {address.PathAndQuery} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc"));
            await WaitUntilAsync(() => Drafts().Length == 1);
        }
        await WaitUntilAsync(() => Drafts().Length == 0);
        Assert.Empty(Blobs());
        Assert.Equal(200, (await PutAsync(address.ToString(), new string('x', 1000))).Status);
    }

    [Fact]
    public async Task An_address_ends_after_its_hour()
    {
        await Server.Client.CreateDatasetAsync("late");
        var address = await OfferAsync("datasets/late", "data.jsonl", 3);
        Clock.Advance(TimeSpan.FromMinutes(61));
        var (status, body) = await PutAsync(address, "abc");
        Assert.Equal(403, status);
        Assert.Contains("This address ended at", body);
    }

    [Theory]
    [InlineData("size=3", "size=4")]
    [InlineData("file=data.jsonl", "file=other.jsonl")]
    [InlineData("offer=", "offer=1")]
    [InlineData("/local/", "/other/")]
    [InlineData("datasets", "models")]
    [InlineData("expires=", "expires=9")]
    [InlineData("&signature=", "&signature=0")]
    public async Task A_changed_address_is_refused(string from, string to)
    {
        await Server.Client.CreateDatasetAsync("tampered");
        var address = await OfferAsync("datasets/tampered", "data.jsonl", 3);
        var changed = address.Replace(from, to);
        Assert.NotEqual(address, changed);
        var (status, body) = await PutAsync(changed, "abc");
        Assert.Equal(403, status);
        Assert.Contains("signature does not fit", body);
        Assert.Equal(400, (await PutAsync(address.Split('?')[0], "abc")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await Nobody.GetAsync(address)).StatusCode);
    }

    [Fact]
    public async Task Another_content_type_is_refused()
    {
        await Server.Client.CreateDatasetAsync("typed");
        using var request = new HttpRequestMessage(HttpMethod.Put, await OfferAsync("datasets/typed", "data.jsonl", 2)) { Content = TestServer.JsonBody("{}") };
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await Nobody.SendAsync(request)).StatusCode);
    }

    [Theory]
    [InlineData("../data.jsonl")]
    [InlineData("a/b.jsonl")]
    [InlineData("..")]
    [InlineData("a\\nb")]
    public async Task A_name_that_is_no_bare_file_name_is_refused(string file)
    {
        await Server.Client.CreateDatasetAsync("named");
        var (status, body) = await Server.PostAsync($"{Account}/datasets/named:getUploadEndpoint", $$$"""{"filenameToSize":{"{{{file}}}":"3"}}""");
        Assert.Equal(400, status);
        Assert.Contains("is not a file name", body.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Names_with_spaces_and_other_letters_are_fine()
    {
        await Server.Client.CreateDatasetAsync("letters");
        await PutFileAsync("datasets/letters", "größe 1 & more?.jsonl", TestServer.Rows(3));
        Assert.Equal(200, (await Server.PostAsync($"{Account}/datasets/letters:validateUpload", "{}")).Status);
    }

    [Fact]
    public async Task Validation_names_the_file_that_is_missing()
    {
        await Server.Client.CreateDatasetAsync("missing");
        var (none, _) = await Server.PostAsync($"{Account}/datasets/missing:validateUpload", "{}");
        Assert.Equal(400, none);
        await OfferAsync("datasets/missing", "late.jsonl", 3);
        await PutFileAsync("datasets/missing", "data.jsonl", TestServer.Rows(3));
        var (status, body) = await Server.PostAsync($"{Account}/datasets/missing:validateUpload", "{}");
        Assert.Equal((400, 9), (status, body.GetProperty("code").GetInt32()));
        Assert.Contains("late.jsonl", body.GetProperty("message").GetString());
        Clock.Advance(TimeSpan.FromMinutes(61)); // its address has ended: nothing to wait for
        Assert.Equal(200, (await Server.PostAsync($"{Account}/datasets/missing:validateUpload", "{}")).Status);
    }

    [Fact]
    public async Task What_landed_survives_a_restart()
    {
        var directory = Directory.CreateTempSubdirectory("hearth-transfer-").FullName;
        try
        {
            await using (var before = await TestServer.StartAsync(directory))
            {
                await before.Client.CreateDatasetAsync("kept");
                var (_, body) = await before.PostAsync($"{Account}/datasets/kept:getUploadEndpoint", $$$"""{"filenameToSize":{"data.jsonl":"{{{TestServer.Rows(4).Length}}}"}}""");
                var address = body.GetProperty("filenameToSignedUrls").GetProperty("data.jsonl").GetString()!;
                Assert.Equal(200, (await PutAsync(address, TestServer.Rows(4))).Status);
            }
            await using var after = await TestServer.StartAsync(directory);
            Assert.Equal(200, (await after.PostAsync($"{Account}/datasets/kept:validateUpload", "{}")).Status);
            Assert.Equal("4", (await after.GetAsync($"{Account}/datasets/kept")).Body.GetProperty("exampleCount").GetString());
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task A_deleted_dataset_takes_its_landed_files_and_addresses_with_it()
    {
        await Server.Client.CreateDatasetAsync("gone");
        await PutFileAsync("datasets/gone", "a.jsonl", "abc");
        var open = await OfferAsync("datasets/gone", "b.jsonl", 3);
        await Server.Client.DeleteDatasetAsync("gone");
        await Server.DeliveredAsync();
        Assert.Empty(Blobs());
        Assert.Equal(403, (await PutAsync(open, "abc")).Status);
        await Server.Client.CreateDatasetAsync("gone");
        Assert.Equal(403, (await PutAsync(open, "abc")).Status);
    }

    [Fact]
    public async Task Faults_in_a_landed_file_leave_the_report_and_no_bytes()
    {
        await Server.Client.CreateDatasetAsync("faulty");
        await PutFileAsync("datasets/faulty", "data.jsonl", TestServer.Rows(3) + "{}\n");
        var (status, body) = await Server.PostAsync($"{Account}/datasets/faulty:validateUpload", "{}");
        Assert.Equal((400, 3), (status, body.GetProperty("code").GetInt32()));
        Assert.Contains("data.jsonl:4", body.GetProperty("message").GetString());
        Assert.Equal("UPLOADING", await StateOfAsync("datasets/faulty"));
        await Server.DeliveredAsync();
        Assert.Single(Blobs()); // the report
        Assert.Equal(body.GetProperty("message").GetString(), (await Server.PostAsync($"{Account}/datasets/faulty:validateUpload", "{}")).Body.GetProperty("message").GetString());
        await PutFileAsync("datasets/faulty", "data.jsonl", TestServer.Rows(3));
        Assert.Equal(200, (await Server.PostAsync($"{Account}/datasets/faulty:validateUpload", "{}")).Status);
    }

    [Fact]
    public async Task Several_files_become_one_dataset()
    {
        await Server.Client.CreateDatasetAsync("several");
        await PutFileAsync("datasets/several", "b.jsonl", TestServer.Rows(2));
        await PutFileAsync("datasets/several", "a.jsonl", TestServer.Rows(3).TrimEnd('\n'));
        var (status, body) = await Server.PostAsync($"{Account}/datasets/several:validateUpload", "{}");
        Assert.True(status == 200, body.ToString());
        Assert.Equal("5", (await Server.GetAsync($"{Account}/datasets/several")).Body.GetProperty("exampleCount").GetString());
        await Server.DeliveredAsync();
        Assert.Equal(2, Blobs().Length);
        Assert.Contains(Blobs(), blob => File.ReadAllText(blob) == TestServer.Rows(3) + TestServer.Rows(2));
    }

    [Fact]
    public async Task A_file_that_nothing_takes_goes_after_a_day()
    {
        await Server.Client.CreateDatasetAsync("abandoned");
        await PutFileAsync("datasets/abandoned", "a.jsonl", "abc");
        Clock.Advance(TimeSpan.FromHours(25));
        await Service<DueRunner>().RunAsync(default);
        await Server.DeliveredAsync();
        Assert.Empty(Blobs());
        Assert.Empty(await Service<Uploads>().ListAsync(ResourceName.Of("local", "datasets", "abandoned"), default));
        Assert.DoesNotContain(await Server.Store.ListDueAsync(DateTimeOffset.MaxValue, 10, default), due => due.Kind != "sweep");
    }

    [Fact]
    public async Task The_client_sends_a_file_beyond_the_forms_bound_by_signed_address()
    {
        using var client = new HearthClient(Server.Server.Url, "local", Server.Server.AdminKey!) { LargestForm = 100 };
        await client.CreateDatasetAsync("large");
        var upload = await client.UploadDatasetAsync("large", new MemoryStream(Encoding.UTF8.GetBytes(TestServer.Rows(6))), "large.jsonl");
        Assert.Equal(("accounts/local/datasets/large", TestServer.Rows(6).Length, "large.jsonl"), (upload.Id, upload.Bytes, upload.Filename));
        Assert.Equal("READY", await StateOfAsync("datasets/large"));
        Assert.Contains((await Server.Store.ListAuditAsync(new AuditQuery("local"), default)), entry => entry.Method == "uploads.put");
    }

    [Fact]
    public async Task More_than_the_disk_holds_is_refused_before_it_is_sent()
    {
        await Server.Client.CreateDatasetAsync("huge");
        var (status, body) = await Server.PostAsync($"{Account}/datasets/huge:getUploadEndpoint", """{"filenameToSize":{"a.jsonl":"4611686018427387904"}}""");
        Assert.Equal((429, 8), (status, body.GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task An_upload_is_in_the_audit_log_under_the_name_of_who_asked_for_the_address()
    {
        await Server.Client.CreateDatasetAsync("audited");
        await PutFileAsync("datasets/audited", "data.jsonl", "abc");
        var entry = (await Server.Store.ListAuditAsync(new AuditQuery("local") { Limit = 1 }, default))[0];
        Assert.Equal(("uploads.put", "admin@localhost"), (entry.Method, entry.Principal));
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        for (var tries = 0; tries < 500 && !condition(); tries++) await Task.Delay(10);
        Assert.True(condition());
    }

    /// <summary>A stream that cannot say how long it is, so that it is sent in chunks.</summary>
    private sealed class UnknownLength(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
