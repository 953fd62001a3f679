using System.Text.Json;
using System.Text.Json.Nodes;
using Hearth.ControlPlane;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Workers.Tests;

/// <summary>Rows as a model reads them, against the ids and masks of transformers and TRL.</summary>
public sealed class RowRendererTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Cases() => [.. Masking().Select(test => test.GetProperty("name").GetString()!)];

    [Theory, MemberData(nameof(Cases))]
    [Trait("Category", "Fixtures")]
    public async Task Tokens_and_mask_are_the_references(string name)
    {
        var test = Masking().Single(entry => entry.GetProperty("name").GetString() == name);
        if (test.GetProperty("straddling_spans").GetArrayLength() > 0) return; // tokenized apart here: LossMaskFixtureTests
        var rows = await new RowRenderer().OpenAsync(MaskingModel.Create(_folder.Path, test.GetProperty("tokenizer").GetString()!), null, default);
        var row = new JsonObject { ["messages"] = Node(test, "messages"), ["tools"] = Node(test, "tools") }.ToJsonString();
        var examples = rows.Render(row);
        var expected = test.TryGetProperty("expanded", out var expanded) ? expanded.EnumerateArray().ToArray() : [test];
        Assert.Equal(expected.Length, examples.Count);
        foreach (var (want, got) in expected.Zip(examples))
        {
            Assert.Equal(Ints(want, "ids"), got.TokenIds);
            Assert.Equal(Ints(want, "labels").Select(label => label == -100 ? 0 : 1), got.LossMask);
            Assert.Equal(got.Text, string.Concat(got.Tokens));
        }
        Assert.Equal(new RowLength(expected.Sum(want => Ints(want, "ids").Length), expected.Sum(want => Ints(want, "labels").Count(label => label != -100)),
            expected.Max(want => Ints(want, "ids").Length)), rows.Measure(row));
    }

    [Fact]
    public async Task Each_format_has_its_sequences()
    {
        var rows = await new RowRenderer().OpenAsync(MaskingModel.Create(_folder.Path, "tokenizer"), null, default);
        const string question = """{"role":"user","content":"How many stones?"}""", seven = """{"role":"assistant","content":"Seven."}""", one = """{"role":"assistant","content":"One."}""";
        var pair = rows.Render($$"""{"input":{"messages":[{{question}},{{one}},{{question}}]},"preferred_output":[{{seven}}],"non_preferred_output":[{{one}}]}""");
        Assert.Equal(["preferred_output", "non_preferred_output"], pair.Select(example => example.Name));
        Assert.Equal("Seven.<|im_end|>", Trained(pair[0]));
        Assert.Equal("One.<|im_end|>", Trained(pair[1]));
        var steps = rows.Render($$$"""{"samples":[{"messages":[{{{question}}},{{{seven}}}],"evals":{"s":1}},{"messages":[{{{question}}},{{{one}}}],"evals":{"s":0}}]}""");
        Assert.Equal([("sample 1", "Seven.<|im_end|>"), ("sample 2", "One.<|im_end|>")], steps.Select(example => (example.Name, Trained(example))));
        var prompt = Assert.Single(rows.Render($$"""{"messages":[{{question}}],"ground_truth":7}"""));
        Assert.Equal(("<|im_start|>user\nHow many stones?<|im_end|>\n<|im_start|>assistant\n", ""), (prompt.Text, Trained(prompt)));
        Assert.Equal(prompt.TokenIds, rows.Render($$$"""{"custom_id":"1","body":{"messages":[{{{question}}}]}}""")[0].TokenIds);
        Assert.Equal([5, 6], rows.Render("""{"custom_id":"1","body":{"prompt_token_ids":[5,6]}}""")[0].TokenIds);
    }

    [Fact]
    public async Task A_completion_trains_its_text_and_the_models_stop_token()
    {
        var tiny = Path.Combine(FixtureFolder.RepositoryRoot, "models", "hearth-tiny");
        var rows = await new RowRenderer().OpenAsync(tiny, null, default);
        var example = Assert.Single(rows.Render("""{"prompt":"Tom has ","completion":"12 äpples","weight":0.5}"""));
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(tiny, "generation_config.json")));
        var stop = config.RootElement.GetProperty("eos_token_id");
        Assert.Equal(stop.ValueKind == JsonValueKind.Array ? stop[0].GetInt32() : stop.GetInt32(), example.TokenIds[^1]);
        Assert.StartsWith("12 äpples", Trained(example));
        Assert.Equal((0.5, 0), (example.Weight, example.LossMask[0]));
    }

    [Fact]
    public async Task Text_parts_are_the_string_that_they_add_up_to()
    {
        var rows = await new RowRenderer().OpenAsync(MaskingModel.Create(_folder.Path, "tokenizer"), null, default);
        const string answer = """{"role":"assistant","content":"a"}""";
        var parts = rows.Render($$"""{"messages":[{"role":"user","content":[{"type":"text","text":"How "},{"type":"text","text":"many?"}]},{{answer}}]}""");
        var whole = rows.Render($$"""{"messages":[{"role":"user","content":"How many?"},{{answer}}]}""");
        Assert.Equal(whole[0].TokenIds, parts[0].TokenIds);
    }

    [Fact]
    public async Task Arguments_of_tool_calls_are_not_quoted_twice()
    {
        var rows = await new RowRenderer().OpenAsync(MaskingModel.Create(_folder.Path, "tokenizer-strip-thinking"), null, default);
        static string Row(string arguments) =>
            $$$"""{"messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"type":"function","function":{"name":"f","arguments":{{{arguments}}}}}]}]}""";
        Assert.Contains("""{"name": "f", "arguments": {"city": "Bonn"}}""", rows.Render(Row("\"{\\\"city\\\":\\\"Bonn\\\"}\""))[0].Text);
    }

    [Fact]
    public async Task Another_template_renders_otherwise()
    {
        var (renderer, folder) = (new RowRenderer(), MaskingModel.Create(_folder.Path, "tokenizer"));
        const string row = """{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}""";
        var own = (await renderer.OpenAsync(folder, null, default)).Render(row)[0].Text;
        var other = (await renderer.OpenAsync(folder, "{% for m in messages %}{{ m.content }}.{% endfor %}", default)).Render(row)[0].Text;
        Assert.Equal(("q.a.", true), (other, own.StartsWith("<|im_start|>user", StringComparison.Ordinal)));
        Assert.Equal(own, (await renderer.OpenAsync(folder, null, default)).Render(row)[0].Text);
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},{"role":"assistant","content":"a"}]}""", "reads text only")]
    [InlineData("""{"messages":[{"role":"user","content":"a","role":"user"}]}""", "not valid")]
    [InlineData("[]", "no JSON object")]
    public async Task A_row_that_the_model_cannot_read_says_why(string row, string reason)
    {
        var rows = await new RowRenderer().OpenAsync(MaskingModel.Create(_folder.Path, "tokenizer"), null, default);
        Assert.Contains(reason, rows.Measure(row).Fault);
        Assert.Contains(reason, Assert.Throws<HearthException>(() => rows.Render(row)).Message);
    }

    [Fact]
    public async Task A_folder_without_a_model_is_refused_without_its_path()
    {
        var refusal = await Assert.ThrowsAsync<HearthException>(async () => await new RowRenderer().OpenAsync(Path.Combine(_folder.Path, "nothing"), null, default));
        Assert.DoesNotContain(_folder.Path, refusal.Message);
    }

    private static string Trained(RenderedExample example) => string.Concat(example.Tokens.Zip(example.LossMask).Where(token => token.Second == 1).Select(token => token.First));

    private static JsonElement[] Masking() =>
        [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(FixtureFolder.Find("training/masking"), "cases.json"))).RootElement.GetProperty("cases").EnumerateArray()];

    private static JsonNode? Node(JsonElement test, string name) => JsonNode.Parse(test.GetProperty(name).GetRawText());

    private static int[] Ints(JsonElement test, string name) => [.. test.GetProperty(name).EnumerateArray().Select(number => number.GetInt32())];
}
