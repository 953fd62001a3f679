namespace Hearth.Evaluation.Tests;

public sealed class SmokeTests
{
    [Xunit.Fact]
    public void The_test_project_runs() => Xunit.Assert.True(true);
}
