using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hearth.Tokenization.Tests;

/// <summary>Small templates, one language feature each, against jinja2 3.1.6 set up as transformers does.</summary>
[Trait("Category", "Fixtures")]
public sealed class JinjaFixtureTests
{
    private static readonly JsonElement[] Cases =
        [.. Fixture.ReadJson(Path.Combine(Fixture.Folder("chat-templates"), "jinja"), "cases.json").EnumerateArray()];

    public static TheoryData<string> Groups() =>
        [.. Cases.Select(test => test.GetProperty("group").GetString()!).Distinct(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Groups))]
    public void A_language_feature_agrees_with_the_reference(string group)
    {
        var failures = new List<string>();
        foreach (var test in Cases.Where(test => test.GetProperty("group").GetString() == group)) Check(test, failures);
        Assert.True(failures.Count == 0, $"{failures.Count} failures:\n{string.Join('\n', failures)}");
    }

    private static void Check(JsonElement test, List<string> failures)
    {
        var source = test.GetProperty("template").GetString()!;
        var want = Expected(test);
        var watch = Stopwatch.StartNew();
        var got = Render(source, test.GetProperty("context"));
        if (want != got) failures.Add($"{source}\n  want {want}\n  got  {got}");
        // A second at most on an idle machine; the slack is for a busy one.
        if (watch.ElapsedMilliseconds > 5000) failures.Add($"{source} took {watch.ElapsedMilliseconds} ms");
    }

    private static string Expected(JsonElement test)
    {
        if (test.TryGetProperty("must_refuse", out var refuses) && refuses.GetBoolean()) return "failed";
        if (!test.TryGetProperty("error_kind", out var kind)) return test.GetProperty("rendered").GetString()!;
        return kind.GetString() == "raise_exception" ? "raised " + test.GetProperty("error").GetString() : "failed";
    }

    private static string Render(string source, JsonElement context)
    {
        try
        {
            var variables = (JinjaDict)JinjaValue.From(JsonNode.Parse(context.GetRawText()))!;
            var now = DateTime.Parse("2025-03-09T14:05:06", CultureInfo.InvariantCulture);
            return ChatTemplate.Parse(source).Render(variables, now).Text;
        }
        catch (ChatTemplateException error)
        {
            return error.Error == ChatTemplateError.Raised ? "raised " + error.Message : "failed";
        }
    }
}
