using System.Text;
using Xunit;

namespace Hearth.ControlPlane.Tests;

/// <summary>Checks single rows, as the only rows of a file.</summary>
internal static class RowCheck
{
    public const string Good = """{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}""";

    public static RowFacts Passes(string row, RowFormat format = RowFormat.Unknown)
    {
        var problem = RowChecker.Check(new RowJson().Parse(Encoding.UTF8.GetBytes(row)), format, 0, out var facts);
        Assert.True(problem is null, $"{row}: {problem}");
        return facts;
    }

    /// <summary>The row breaks a rule whose text begins with <paramref name="rule"/>, and is told a remedy.</summary>
    public static void Fails(string row, string rule, RowFormat format = RowFormat.Unknown)
    {
        var problem = RowChecker.Check(new RowJson().Parse(Encoding.UTF8.GetBytes(row)), format, 0, out _);
        Assert.NotNull(problem);
        Assert.StartsWith(rule, problem.Rule);
        Assert.NotEmpty(problem.Remedy);
    }

    public static DatasetReport File(params string[] rows) => Text(string.Concat(rows.Select(row => row + "\n")));

    public static DatasetReport Text(string file, ValidationOptions? options = null) =>
        DatasetValidator.Validate(new MemoryStream(Encoding.UTF8.GetBytes(file)), options ?? new() { FileName = "rows.jsonl" }, _ => { }, default);
}
