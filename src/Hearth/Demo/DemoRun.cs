using Hearth.Cli;

namespace Hearth;

/// <summary>The main job, told in order.</summary>
internal static class DemoRun
{
    public static Task<int> RunAsync(DemoOptions options, CancellationToken cancellationToken) =>
        throw new CliException($"The demo is not part of this build. {options}");
}
