using System.Text.Json;
using Hearth.ControlPlane;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Reports with every fault, single rows, and what a model makes of them.</summary>
public sealed class DatasetReportTests : IAsyncLifetime
{
    private const string Datasets = "/hearth/v1/accounts/local/datasets";

    private TestServer _server = null!;

    public async ValueTask InitializeAsync() =>
        _server = await TestServer.StartAsync(configure: services => services.AddSingleton<IRowRenderer, WordRenderer>());

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task The_report_has_every_bad_line_even_of_very_many()
    {
        await _server.Client.CreateDatasetAsync("many");
        await _server.UploadAsync("many", string.Concat(Enumerable.Range(0, 12_000).Select(i => $"{{\"messages\":[],\"n\":{i}}}\n")));
        var (_, report) = await _server.GetAsync($"{Datasets}/many/report");
        Assert.Equal((12_000, 12_000), (report.GetProperty("faultCount").GetInt32(), report.GetProperty("faults").GetArrayLength()));
        var last = report.GetProperty("faults")[11_999];
        Assert.Equal((12_000, "messages must be a non-empty list, not an empty list", "List at least one message."),
            (last.GetProperty("line").GetInt32(), last.GetProperty("rule").GetString(), last.GetProperty("remedy").GetString()));
    }

    [Fact]
    public async Task The_report_of_a_good_file_has_totals_features_and_lengths()
    {
        await _server.AddDatasetAsync("good", rows: 8);
        var (_, report) = await _server.GetAsync($"{Datasets}/good/report");
        Assert.Equal((8, 8, 8, "chat", 0), (Number(report, "rows"), Number(report, "trainableRows"), Number(report, "turns"), report.GetProperty("hearthFormat").GetString(), Number(report, "faultCount")));
        Assert.Equal(TestServer.Rows(8).Length - 8, report.GetProperty("rowBytes").GetProperty("sum").GetInt32());
        Assert.Equal(8, report.GetProperty("rowBytes").GetProperty("buckets").EnumerateArray().Sum(bucket => Number(bucket, "count")));
        Assert.Equal("chat", (await _server.GetAsync("/v1/accounts/local/datasets/good")).Body.GetProperty("hearthFormat").GetString());
    }

    [Theory]
    [InlineData("completion", "COMPLETION", """{"prompt":"p","completion":"c"}""")]
    [InlineData("prompts", "CHAT", """{"messages":[{"role":"user","content":"q"}],"ground_truth":1}""")]
    [InlineData("kto", "FORMAT_UNSPECIFIED", """{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"label":true}""")]
    [InlineData("preference", "FORMAT_UNSPECIFIED", """{"input":{"messages":[{"role":"user","content":"q"}]},"preferred_output":[{"role":"assistant","content":"a"}],"non_preferred_output":[{"role":"assistant","content":"b"}]}""")]
    [InlineData("trajectories", "RL", """{"samples":[{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"evals":{"score":1}}]}""")]
    [InlineData("batch", "FORMAT_UNSPECIFIED", """{"custom_id":"N","body":{"messages":[{"role":"user","content":"q"}]}}""")]
    public async Task Every_format_is_taken_and_named(string format, string wire, string row)
    {
        await _server.Client.CreateDatasetAsync(format);
        var (status, body) = await _server.UploadAsync(format, string.Concat(Enumerable.Range(0, 3).Select(i => row.Replace("\"N\"", $"\"{i}\"") + "\n")));
        Assert.True(status == 200, body.ToString());
        var (_, dataset) = await _server.GetAsync($"/v1/accounts/local/datasets/{format}");
        Assert.Equal((format, wire, "3"), (dataset.GetProperty("hearthFormat").GetString(), dataset.GetProperty("format").GetString(), dataset.GetProperty("exampleCount").GetString()));

        await _server.Client.CreateDatasetAsync($"{format}-mixed");
        (status, body) = await _server.UploadAsync($"{format}-mixed", row + "\n" + """{"chosen":[],"rejected":[]}""" + "\n");
        Assert.Equal(400, status);
        Assert.Contains($"{format} dataset validation failed on data.jsonl:2", body.GetProperty("message").GetString());
        Assert.Contains("convert --from chosen-rejected", body.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Any_row_is_found_by_its_number()
    {
        var lines = Enumerable.Range(0, 3000).Select(i => (i % 5 == 0 ? "\n" : "") + TestServer.Rows(1).Replace("What is 0", $"What is {i}")).ToList();
        await _server.Client.CreateDatasetAsync("rows");
        await _server.UploadAsync("rows", string.Concat(lines));
        foreach (var number in new[] { 1, 2, 1024, 1025, 2048, 2049, 3000 })
        {
            var (status, row) = await _server.GetAsync($"{Datasets}/rows/rows/{number}");
            Assert.Equal(200, status);
            Assert.Equal($"What is {number - 1} + 1?", row.GetProperty("content").GetProperty("messages")[0].GetProperty("content").GetString());
            var before = string.Concat(lines.Take(number)).TrimEnd('\n');
            Assert.Equal((before.Count(letter => letter == '\n') + 1, before.LastIndexOf('\n') + 1), (Number(row, "line"), Number(row, "offset")));
            Assert.Equal(0, row.GetProperty("examples").GetArrayLength());
        }
        Assert.Equal(404, (await _server.GetAsync($"{Datasets}/rows/rows/3001")).Status);
        Assert.Equal(404, (await _server.GetAsync($"{Datasets}/rows/rows/0")).Status);
        Assert.Equal(400, (await _server.GetAsync($"{Datasets}/rows/rows/first")).Status);
        Assert.Equal(404, (await _server.GetAsync($"{Datasets}/absent/rows/1")).Status);
    }

    [Fact]
    public async Task A_model_shows_a_rows_text_tokens_and_mask()
    {
        await _server.AddDatasetAsync("shown");
        var (_, row) = await _server.GetAsync($"{Datasets}/shown/rows/3?model=tiny");
        Assert.Equal(TestServer.Base, row.GetProperty("model").GetString());
        var example = Assert.Single(row.GetProperty("examples").EnumerateArray());
        Assert.Equal("What is 2 + 1? 3", example.GetProperty("text").GetString());
        Assert.Equal(["What", "is", "2", "+", "1?", "3"], example.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()));
        Assert.Equal([0, 0, 0, 0, 0, 1], example.GetProperty("lossMask").EnumerateArray().Select(bit => bit.GetInt32()));
        Assert.Equal(404, (await _server.GetAsync($"{Datasets}/shown/rows/3?model=absent")).Status);
    }

    [Fact]
    public async Task A_model_counts_the_tokens_of_all_rows()
    {
        await _server.Client.CreateDatasetAsync("counted");
        await _server.UploadAsync("counted", string.Join('\n', Row("a b c", "d"), Row("a", ""), Row("a b c d e f", "g h"), Row("unreadable", "x"), Row("a", "b")));
        var (_, report) = await _server.GetAsync($"{Datasets}/counted/report?model=tiny&contextLength=7");
        var tokens = report.GetProperty("tokens");
        Assert.Equal(5, Number(report, "rows"));
        Assert.Equal([4, 1, 8, 0, 2], tokens.GetProperty("perRow").EnumerateArray().Select(count => count.GetInt32()));
        Assert.Equal((5, 15, 4, 7), (Number(tokens, "rows"), Number(tokens, "total"), Number(tokens, "trained"), Number(tokens, "contextLength")));
        Assert.Equal([3], Rows(tokens, "longerThanContext"));
        Assert.Equal([2], Rows(tokens, "emptyLossMask"));
        Assert.Equal(4, Number(Assert.Single(tokens.GetProperty("unreadable").EnumerateArray()), "line"));
        Assert.Equal([(1, 1), (2, 1), (4, 1), (8, 1)], tokens.GetProperty("histogram").GetProperty("buckets").EnumerateArray().Select(bucket => (Number(bucket, "upTo"), Number(bucket, "count"))));
        Assert.Equal(400, (await _server.GetAsync($"{Datasets}/counted/report?model=tiny&contextLength=0")).Status);
    }

    [Fact]
    public async Task A_dataset_without_rows_says_so()
    {
        await _server.Client.CreateDatasetAsync("empty");
        Assert.Equal((400, 9), await RefusalAsync($"{Datasets}/empty/rows/1"));
        Assert.Equal((400, 9), await RefusalAsync($"{Datasets}/empty/report"));
        await _server.UploadAsync("empty", "{}\n");
        Assert.Equal((400, 9), await RefusalAsync($"{Datasets}/empty/report?model=tiny"));
    }

    private async Task<(int Status, int Code)> RefusalAsync(string address)
    {
        var (status, body) = await _server.GetAsync(address);
        return (status, body.GetProperty("code").GetInt32());
    }

    private static string Row(string question, string answer) =>
        $$"""{"messages":[{"role":"user","content":"{{question}}"},{"role":"assistant","content":"{{answer}}"}]}""";

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static IEnumerable<int> Rows(JsonElement tokens, string name)
    {
        Assert.Equal(tokens.GetProperty(name).GetProperty("rows").GetArrayLength(), Number(tokens.GetProperty(name), "count"));
        return tokens.GetProperty(name).GetProperty("rows").EnumerateArray().Select(row => row.GetInt32());
    }

    /// <summary>A model whose tokens are words, and whose template is a blank.</summary>
    private sealed class WordRenderer : IRowRenderer, IModelRows
    {
        public int ContextLength => 1024;

        public ValueTask<IModelRows> OpenAsync(string modelPath, string? chatTemplate, CancellationToken cancellationToken) => new(this);

        public IReadOnlyList<RenderedExample> Render(string row)
        {
            var (question, answer) = Words(row);
            string[] words = [.. question, .. answer];
            return [new() { Text = string.Join(' ', words), Tokens = words, TokenIds = [.. words.Select(word => word.Length)], LossMask = [.. words.Select((_, i) => i < question.Length ? 0 : 1)] }];
        }

        public RowLength Measure(string row)
        {
            var (question, answer) = Words(row);
            return question is ["unreadable"] ? new(0, 0, 0, "refused") : new(question.Length + answer.Length, answer.Length, question.Length + answer.Length);
        }

        private static (string[] Question, string[] Answer) Words(string row)
        {
            var messages = JsonDocument.Parse(row).RootElement.GetProperty("messages");
            string[] Of(int index) => messages[index].GetProperty("content").GetString()!.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return (Of(0), Of(1));
        }
    }
}
