using System.Diagnostics;
using System.Text.Json;
using Hearth.TestKit;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>A published npm package, unchanged, run by node: the scripts of its folder ask through it.</summary>
internal sealed class NodePackage(string folder)
{
    public static readonly NodePackage OpenAi = new("OpenAiPackage");
    public static readonly NodePackage AiSdk = new("AiSdkPackage");
    public static readonly NodePackage Anthropic = new("AnthropicPackage");

    /// <param name="Text">The streamed answer.</param>
    /// <param name="Whole">The same answer in one piece, where the script asks for it.</param>
    public sealed record Answer(string Text, int Chunks, string? FinishReason, string? Whole, int? Tokens)
    {
        /// <summary>Of an answer that a stop sequence ends: its text, the reason, and whether it names the sequence.</summary>
        public string? Stopped { get; init; }

        /// <summary>The first half of the answer, and what the model makes of it.</summary>
        public string? Continued { get; init; }

        public string[] Models { get; init; } = [];

        /// <summary>The package's own name of an error that the script provoked.</summary>
        public string? Refused { get; init; }
    }

    public async Task<Answer> AskAsync(Uri baseUrl, string key, string model, string prompt, string script = "ask.mjs")
    {
        var place = Path.Combine(FixtureFolder.RepositoryRoot, "tests", "Hearth.EndToEnd.Tests", folder);
        Assert.True(Directory.Exists(Path.Combine(place, "node_modules")), $"Its npm packages are not installed. Run: (cd tests/Hearth.EndToEnd.Tests/{folder} && npm ci)");
        using var node = Process.Start(new ProcessStartInfo("node", [script, baseUrl.ToString(), key, model, prompt])
        {
            WorkingDirectory = place,
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
