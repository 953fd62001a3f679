using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hearth.Tokenization.Tests;

/// <summary>Loss masks against transformers' assistant masks and TRL's labels, token for token.</summary>
[Trait("Category", "Fixtures")]
public sealed class LossMaskFixtureTests
{
    private static readonly Lazy<Tokenizer> SmolLm2 = new(() =>
        Tokenizer.Parse(Fixture.Read(Path.Combine(Fixture.Folder("tokenizers"), "real", "smollm2"), "tokenizer.json")));

    public static TheoryData<string> MaskingCases() => [.. Masking().Select(test => test.GetProperty("name").GetString()!)];

    [Theory, MemberData(nameof(MaskingCases))]
    public void A_row_has_the_ids_and_labels_of_the_reference(string name)
    {
        var test = Masking().Single(entry => entry.GetProperty("name").GetString() == name);
        var renderer = ChatRenderer.Load(Path.Combine(Fixture.Folder("training"), "masking", test.GetProperty("tokenizer").GetString()!));
        var row = new JsonObject { ["messages"] = Node(test, "messages"), ["tools"] = Node(test, "tools") };
        if (test.GetProperty("trained_tokens").GetInt32() == 0)
        {
            Assert.Equal(ChatRowError.NothingToTrain, Assert.Throws<ChatRowException>(() => ChatRow.From(row)).Error);
            return;
        }

        var example = renderer.Mask(ChatRow.From(row));
        if (test.GetProperty("straddling_spans").GetArrayLength() > 0)
        {
            // The reference counts a token of header and answer to the answer; here the two are tokenized apart.
            Assert.Equal(test.GetProperty("text").GetString(), renderer.Tokenizer.Decode(example.Ids));
            var prompt = renderer.EncodePrompt(ChatRow.From(row).First(1));
            Assert.Equal(prompt, example.Ids[..example.Turns[0].Start]);
            return;
        }

        Assert.Equal(Ints(test, "ids"), example.Ids);
        Assert.Equal(Ints(test, "labels"), Labels(example));
        Assert.Equal(test.GetProperty("assistant_spans").EnumerateArray().Select(span => (span[0].GetInt32(), span[1].GetInt32())), example.Turns);
        if (test.TryGetProperty("truncated", out var cuts))
            foreach (var cut in cuts.EnumerateArray()) CheckTruncated(example, cut);
        if (test.TryGetProperty("expanded", out var expanded)) CheckExpanded(renderer.MaskEachTurn(ChatRow.From(row)), expanded);
    }

    [Fact]
    public void Templates_with_generation_blocks_mark_the_reference_tokens()
    {
        // The masks are of SmolLM2's vocabulary, which small sets of fixtures leave out.
        if (!Directory.Exists(Path.Combine(Fixture.Folder("tokenizers"), "real", "smollm2"))) return;
        foreach (var test in TemplateMasks()) CheckTemplate(test);
    }

    private static void CheckTemplate(JsonElement test)
    {
        var folder = Path.Combine(Fixture.Folder("chat-templates"), "templates", test.GetProperty("template").GetString()!);
        var specials = Fixture.ReadJson(folder, "special_tokens.json").EnumerateObject()
            .Where(entry => entry.Value.ValueKind == JsonValueKind.String).ToDictionary(entry => entry.Name, entry => entry.Value.GetString()!);
        var renderer = new ChatRenderer(
            SmolLm2.Value, ChatTemplate.Parse(File.ReadAllText(Path.Combine(folder, "template.jinja"))), specials);

        var messages = Node(test, "messages")!.AsArray();
        var rendered = renderer.Render(messages, Node(test, "tools") as JsonArray);
        Assert.Equal(test.GetProperty("rendered").GetString(), rendered.Text);
        var masked = LossMask.Build(renderer.Tokenizer, rendered.Text, rendered.Generations, [.. rendered.Generations.Select(_ => true)]);
        var starts = rendered.Generations.Select(range => range.Start).ToList();
        if (renderer.Tokenizer.EncodeUnframed(rendered.Text).Any(token => starts.Any(start => token.Range.Start < start && start < token.Range.End)))
        {
            // Header and answer share a token in the reference; see above.
            Assert.Equal(rendered.Text, renderer.Tokenizer.Decode(masked.Ids));
            return;
        }

        Assert.Equal(Ints(test, "input_ids"), masked.Ids);
        Assert.Equal(Ints(test, "assistant_masks"), masked.LossMask.Select(isTrained => isTrained ? 1 : 0));
    }

    private static void CheckTruncated(MaskedExample example, JsonElement cut)
    {
        var length = cut.GetProperty("max_length").GetInt32();
        var kept = example.Truncate(length);
        Assert.Equal(Ints(cut, "ids"), kept.Ids);
        Assert.Equal(Ints(cut, "labels"), Labels(kept));
        Assert.Equal(cut.GetProperty("final_answer_cut").GetBoolean(), example.CutsFinalAnswer(length));
        Assert.Equal(cut.GetProperty("dropped_by_trl").GetBoolean(), kept.TrainedTokens == 0);
    }

    private static void CheckExpanded(IReadOnlyList<MaskedExample> examples, JsonElement expanded)
    {
        Assert.Equal(expanded.GetArrayLength(), examples.Count);
        foreach (var (want, got) in expanded.EnumerateArray().Zip(examples))
        {
            Assert.Equal(Ints(want, "ids"), got.Ids);
            Assert.Equal(Ints(want, "labels"), Labels(got));
        }
    }

    private static int[] Labels(MaskedExample example) => [.. example.Ids.Select((id, i) => example.LossMask[i] ? id : -100)];

    private static JsonElement[] Masking() =>
        [.. Fixture.ReadJson(Path.Combine(Fixture.Folder("training"), "masking"), "cases.json").GetProperty("cases").EnumerateArray()];

    private static JsonElement[] TemplateMasks() =>
        [.. Fixture.ReadJson(Path.Combine(Fixture.Folder("chat-templates"), "masks"), "cases.json").EnumerateArray()];

    private static JsonNode? Node(JsonElement test, string name) => JsonNode.Parse(test.GetProperty(name).GetRawText());

    private static int[] Ints(JsonElement test, string name) => [.. test.GetProperty(name).EnumerateArray().Select(number => number.GetInt32())];
}
