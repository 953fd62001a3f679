using System.Text.RegularExpressions;
using Hearth.TestKit;
using Xunit;

namespace Hearth.ControlPlane.Tests;

/// <summary>The examples of docs/datasets.md are rows of the formats under whose headings they stand.</summary>
public sealed partial class DatasetPageTests
{
    [Fact]
    public void Every_example_of_the_page_is_a_good_row_of_its_format()
    {
        var page = File.ReadAllText(Path.Combine(FixtureFolder.RepositoryRoot, "docs", "datasets.md"));
        var examples = Example().Matches(page).Select(match => match.Groups[1].Value.ReplaceLineEndings(" ")).ToList();
        var formats = examples.Select(example => RowCheck.File(example, example.Replace("row-1", "row-2"), example.Replace("row-1", "row-3")).HearthFormat);
        Assert.Equal(["chat", "chat", "prompts", "kto", "completion", "preference", "trajectories", "batch"], formats);
        foreach (var name in RowFormats.Names) Assert.Contains($"| `{name}` |", page);
    }

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Example();
}
