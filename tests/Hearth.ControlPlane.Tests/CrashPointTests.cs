using Xunit;

namespace Hearth.ControlPlane.Tests;

public sealed class CrashPointTests
{
    [Theory]
    [InlineData("before-commit")]
    [InlineData("before-commit:0")]
    [InlineData("before-commit:-1")]
    [InlineData("before-commit:1:2")]
    [InlineData("before-comit:1")]
    public void A_mistyped_crash_point_is_refused(string text) =>
        Assert.Contains("between-rename-and-row", Assert.Throws<InvalidOperationException>(() => CrashPoint.RequireValid(text)).Message);

    [Fact]
    public void Without_the_variable_nothing_happens()
    {
        foreach (var text in new[] { null, "", "mid-outbox:3" }) CrashPoint.RequireValid(text);
        foreach (var name in CrashPoint.Names) CrashPoint.Reach(name);
    }
}
