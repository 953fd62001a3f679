using System.Text.Json;
using Hearth.TestKit;

namespace Hearth.Grammars.Tests;

/// <summary>
/// Cases/schemas.json: schemas with texts. The verdicts of "accepts" and "rejects" are those of Python's jsonschema 4.26 (2020-12, formats checked); the texts of "stricter" are
/// no JSON, or valid and left out on purpose.
/// </summary>
public sealed class SchemaCaseTests
{
    private static readonly JsonElement Cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(FixtureFolder.RepositoryRoot, "tests", "Hearth.Grammars.Tests", "Cases", "schemas.json"))).RootElement;

    public static TheoryData<string> Names => [.. Cases.EnumerateArray().Select(item => item.GetProperty("name").GetString()!)];

    [Theory, MemberData(nameof(Names))]
    public void A_text_is_accepted_exactly_where_the_reference_says_so(string name)
    {
        var found = Cases.EnumerateArray().Single(item => item.GetProperty("name").GetString() == name);
        var automaton = Texts.Automaton(found.GetProperty("schema").GetRawText());
        Assert.All(Of("accepts"), text => Assert.True(automaton.Accepts(text)));
        Assert.All(Of("rejects").Concat(Of("stricter")), text => Assert.False(automaton.Accepts(text)));

        IEnumerable<string> Of(string kind) => found.GetProperty(kind).EnumerateArray().Select(text => text.GetString()!);
    }
}
