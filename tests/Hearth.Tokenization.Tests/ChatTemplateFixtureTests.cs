using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hearth.Tokenization.Tests;

/// <summary>Whole chat templates against transformers' apply_chat_template, text for text.</summary>
[Trait("Category", "Fixtures")]
public sealed class ChatTemplateFixtureTests
{
    private static readonly string Root = Fixture.Folder("chat-templates");

    public static TheoryData<string> Names() =>
        [.. Directory.GetDirectories(Path.Combine(Root, "templates")).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Names))]
    public void A_template_agrees_with_the_reference(string name)
    {
        var folder = Path.Combine(Root, "templates", name);
        var template = ChatTemplate.Parse(File.ReadAllText(Path.Combine(folder, "template.jinja")));
        var specials = Fixture.ReadJson(folder, "special_tokens.json").EnumerateObject()
            .Where(entry => entry.Value.ValueKind == JsonValueKind.String)
            .ToDictionary(entry => entry.Name, entry => entry.Value.GetString()!);
        var now = Fixture.ReadJson(Root, "index.json").GetProperty("now").GetDateTime();

        var failures = new List<string>();
        var cases = Fixture.ReadJson(folder, "cases.json");
        foreach (var test in (cases.ValueKind == JsonValueKind.Array ? cases : cases.GetProperty("cases")).EnumerateArray())
        {
            // An open final message has no spans in the reference.
            var spans = test.TryGetProperty("generation_spans", out var ranges) && ranges.ValueKind == JsonValueKind.Array;
            var (want, got) = (Expected(test, spans), Render(template, test, specials, now, spans));
            if (want != got) failures.Add($"{test.GetRawText()[..Math.Min(300, test.GetRawText().Length)]}\n  want {JsonSerializer.Serialize(want)}\n  got  {JsonSerializer.Serialize(got)}");
        }

        Assert.True(failures.Count == 0, $"{failures.Count} failures:\n{string.Join('\n', failures.Take(5))}");
    }

    private static string Expected(JsonElement test, bool withSpans)
    {
        if (test.TryGetProperty("error_kind", out var kind) && kind.ValueKind == JsonValueKind.String)
            return kind.GetString() == "raise_exception" ? "raised " + test.GetProperty("error").GetString() : "failed";
        var text = test.GetProperty("rendered").GetString()!;
        if (!withSpans) return text;
        var spans = test.GetProperty("generation_spans").EnumerateArray().Select(range => $"{range[0]}-{range[1]}");
        return text + "\nspans " + string.Join(' ', spans);
    }

    private static string Render(ChatTemplate template, JsonElement test, Dictionary<string, string> specials, DateTime now, bool withSpans)
    {
        try
        {
            var rendered = template.Render(new ChatTemplateInput
            {
                Messages = Node(test, "messages")!.AsArray(),
                Tools = Node(test, "tools")?.AsArray(),
                Documents = Node(test, "documents")?.AsArray(),
                AddGenerationPrompt = Node(test, "add_generation_prompt")?.GetValue<bool>() ?? false,
                ContinueFinalMessage = Node(test, "continue_final_message")?.GetValue<bool>() ?? false,
                SpecialTokens = specials,
                Variables = Node(test, "kwargs")?.AsObject(),
                Now = now,
            });
            if (!withSpans) return rendered.Text;
            return rendered.Text + "\nspans " + string.Join(' ', rendered.Generations.Select(range => $"{range.Start}-{range.End}"));
        }
        catch (ChatTemplateException error)
        {
            return error.Error == ChatTemplateError.Raised ? "raised " + error.Message : "failed";
        }
    }

    private static JsonNode? Node(JsonElement test, string name) =>
        test.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? JsonNode.Parse(value.GetRawText()) : null;
}
