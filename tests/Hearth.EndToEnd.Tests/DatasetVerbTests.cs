using System.Text.Json;
using Hearth.TestKit;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>What <c>hearth datasets</c> says and writes; the commands are those of docs/datasets.md.</summary>
public sealed class DatasetVerbTests : IDisposable
{
    private const string Chat = """{"messages":[{"role":"user","content":"What is 3 + 4?"},{"role":"assistant","content":"7"}]}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Validate_tells_every_bad_line_and_ends_with_the_totals()
    {
        var file = Write("rows.jsonl", Chat, "{}", Chat, """{"messages":[{"role":"owl","content":"hoo"}]}""", Chat);
        var run = await RunAsync("datasets", "validate", file);
        Assert.Equal(1, run.ExitCode);
        var lines = run.Output.Split('\n');
        Assert.Equal($"rows.jsonl:2 (byte {Chat.Length + 1}): missing required field messages. Give the row a list of messages: {{\"messages\": [{{\"role\": \"user\", \"content\": \"…\"}}, …]}}.", lines[0]);
        Assert.StartsWith($"rows.jsonl:4 (byte {(2 * Chat.Length) + 5}): invalid role owl in message 0", lines[1]);
        Assert.Equal($"rows.jsonl: 3 rows (chat), 3 to train on, 3 turns, {new FileInfo(file).Length} bytes, about {3 * Chat.Length / 4} tokens, 2 faults", lines[2]);
        Assert.Contains("128      3   ████████████████████████████████", run.Output);
    }

    [Fact]
    public async Task Validate_with_a_model_counts_its_tokens()
    {
        var file = Write("rows.jsonl", Chat, Chat.Replace("7", "seven"), """{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y","weight":0}]}""");
        var run = await RunAsync("datasets", "validate", file, "--model", "hearth-tiny", "--output", "json");
        Assert.True(run.ExitCode == 0, run.Errors);
        using var report = JsonDocument.Parse(run.Output);
        var tokens = report.RootElement.GetProperty("tokens");
        var perRow = tokens.GetProperty("perRow").EnumerateArray().Select(count => count.GetInt32()).ToList();
        var rendered = new List<int>();
        for (var row = 1; row <= 3; row++)
        {
            using var shown = JsonDocument.Parse((await RunAsync("datasets", "render", file, "--row", $"{row}", "--output", "json")).Output);
            rendered.Add(shown.RootElement.GetProperty("examples")[0].GetProperty("tokenIds").GetArrayLength());
        }
        Assert.Equal(rendered, perRow);
        Assert.Equal(perRow.Sum(), tokens.GetProperty("total").GetInt32());
        Assert.Equal(3, Assert.Single(tokens.GetProperty("emptyLossMask").GetProperty("rows").EnumerateArray()).GetInt32());
        var text = (await RunAsync("datasets", "validate", file, "--model", "hearth-tiny")).Output;
        Assert.Contains($"hearth-tiny: {perRow.Sum()} tokens", text);
        Assert.Contains("1 rows train nothing: 3", text);
        Assert.Contains("tokens a row, up to", text);
    }

    [Fact]
    public async Task Render_marks_what_is_trained()
    {
        var file = Write("rows.jsonl", Chat, Chat.Replace("7", "seven"));
        var run = await RunAsync("datasets", "render", file, "--row", "2");
        Assert.Contains("What is 3 + 4?", run.Output);
        Assert.Matches("⟦seven<[^⟧]*>⟧", run.Output);
        Assert.Matches(@"\d+ tokens, \d+ trained", run.Output);
        Assert.Equal(2, (await RunAsync("datasets", "render", file, "--row", "3")).ExitCode);
    }

    [Fact]
    public async Task Pairs_of_chosen_and_rejected_become_preference_rows()
    {
        const string question = """{"role":"user","content":"q"}""", good = """{"role":"assistant","content":"good"}""", bad = """{"role":"assistant","content":"bad"}""";
        var source = Write("pairs.jsonl",
            $$"""{"chosen":[{{question}},{{good}}],"rejected":[{{question}},{{bad}}],"score_chosen":1}""",
            $$$"""{"chosen":{"messages":[{{{question}}},{{{good}}}]},"rejected":{"messages":[{{{question}}},{{{bad}}}]}}""",
            $$"""{"prompt":[{{question}}],"chosen":[{{good}}],"rejected":[{{bad}}]}""",
            """{"prompt":"q","chosen":"good","rejected":"bad"}""");
        var target = Path.Combine(_folder.Path, "preferences.jsonl");
        var run = await RunAsync("datasets", "convert", "--from", "chosen-rejected", source, target);
        Assert.Equal((0, $"4 rows written to {target}"), (run.ExitCode, run.Output.Trim()));
        var wanted = $$$"""{"input":{"messages":[{{{question}}}],"tools":[]},"preferred_output":[{{{good}}}],"non_preferred_output":[{{{bad}}}]}""";
        Assert.All(File.ReadLines(target), row => Assert.Equal(wanted, row));
        Assert.Equal(0, (await RunAsync("datasets", "validate", target, "--format", "preference")).ExitCode);
    }

    [Fact]
    public async Task A_pair_that_differs_before_its_last_message_is_refused_with_its_line()
    {
        var source = Write("pairs.jsonl", """{"prompt":"q","chosen":"a","rejected":"b"}""",
            """{"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"rejected":[{"role":"user","content":"other"},{"role":"assistant","content":"b"}]}""");
        var target = Path.Combine(_folder.Path, "out.jsonl");
        var run = await RunAsync("datasets", "convert", "--from", "chosen-rejected", source, target);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("pairs.jsonl:2: chosen and rejected must be equal up to their last message", run.Errors);
        Assert.Equal([source], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public async Task Image_files_are_put_into_the_rows_and_addresses_are_not_fetched()
    {
        byte[] png = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, 0, 0, 0, 13, (byte)'I', (byte)'H', (byte)'D', (byte)'R', 0, 0, 0, 2, 0, 0, 0, 3, .. new byte[9]];
        File.WriteAllBytes(Path.Combine(_folder.Path, "photo.png"), png);
        static string Row(string url) =>
            $$$"""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"{{{url}}}"}}]},{"role":"assistant","content":"a"}]}""";
        var (source, target) = (Write("photos.jsonl", Row("photo.png"), Row("photo.png"), Row("photo.png")), Path.Combine(_folder.Path, "inlined.jsonl"));
        Assert.Equal(0, (await RunAsync("datasets", "inline-images", source, target)).ExitCode);
        Assert.All(File.ReadLines(target), row => Assert.Equal(Row($"data:image/png;base64,{Convert.ToBase64String(png)}"), row));
        Assert.Equal(0, (await RunAsync("datasets", "validate", target)).ExitCode);
        var refused = await RunAsync("datasets", "inline-images", Write("remote.jsonl", Row("https://example.com/photo.png")), target);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("remote.jsonl:1: the image https://example.com/photo.png is an address, which this program does not fetch", refused.Errors);
    }

    [Fact]
    public async Task A_server_reports_on_its_rows_as_the_command_line_does()
    {
        await using var server = await RunningServer.StartAsync();
        var file = Write("rows.jsonl", [.. Enumerable.Range(0, 20).Select(i => Chat.Replace("7", new string('7', i + 1)))]);
        await server.Client.CreateDatasetAsync("rows");
        await using (var content = File.OpenRead(file)) await server.Client.UploadDatasetAsync("rows", content, "rows.jsonl");
        string[] connection = ["--url", server.Url.ToString(), "--api-key", server.AdminKey];

        var here = await RunAsync("datasets", "validate", file, "--model", "hearth-tiny");
        var there = await RunAsync(["datasets", "report", "rows", "--model", "hearth-tiny", .. connection]);
        Assert.Equal(here.Output.Replace("hearth-tiny:", RunningServer.BaseModel + ":"), there.Output);
        var rendered = await RunAsync("datasets", "render", file, "--row", "5", "--tokens");
        Assert.Equal(rendered.Output, (await RunAsync(["datasets", "render", "rows", "--row", "5", "--tokens", "--model", "hearth-tiny", .. connection])).Output);
        Assert.Contains("⟦77777<", rendered.Output);
        Assert.Equal(1, (await RunAsync(["datasets", "report", "absent", .. connection])).ExitCode);
    }

    private string Write(string name, params string[] rows)
    {
        var path = Path.Combine(_folder.Path, name);
        File.WriteAllText(path, string.Concat(rows.Select(row => row + "\n")));
        return path;
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using var program = RunningServer.Launch(arguments);
        program.StandardInput.Close();
        var output = program.StandardOutput.ReadToEndAsync();
        var errors = program.StandardError.ReadToEndAsync();
        await program.WaitForExitAsync().WaitAsync(RunningServer.Patience);
        return (program.ExitCode, await output, await errors);
    }
}
