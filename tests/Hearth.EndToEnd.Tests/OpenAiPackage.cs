using System.Diagnostics;
using System.Text.Json;
using Hearth.TestKit;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>The published npm package <c>openai</c>, unchanged, run by node.</summary>
internal static class OpenAiPackage
{
    public sealed record Answer(string Text, int Chunks, string? FinishReason);

    public static async Task<Answer> AskAsync(Uri baseUrl, string key, string model, string prompt)
    {
        var folder = Path.Combine(FixtureFolder.RepositoryRoot, "tests", "Hearth.EndToEnd.Tests", "OpenAiPackage");
        Assert.True(
            Directory.Exists(Path.Combine(folder, "node_modules", "openai")),
            "The npm package 'openai' is not installed. Run: (cd tests/Hearth.EndToEnd.Tests/OpenAiPackage && npm ci)");
        using var node = Process.Start(new ProcessStartInfo("node", ["ask.mjs", baseUrl.ToString(), key, model, prompt])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = node.StandardOutput.ReadToEndAsync();
        var errors = node.StandardError.ReadToEndAsync();
        await node.WaitForExitAsync().WaitAsync(RunningServer.Patience);
        Assert.True(node.ExitCode == 0, await errors);
        return JsonSerializer.Deserialize<Answer>(await output, JsonSerializerOptions.Web)!;
    }
}
