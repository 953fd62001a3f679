namespace Hearth.Models.Tests;

public sealed class SmokeTests
{
    [Xunit.Fact]
    public void The_test_project_runs() => Xunit.Assert.True(true);
}
