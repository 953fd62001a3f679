using System.Text;
using System.Text.Json;
using Hearth.TestKit;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>The main job with marked rows, prompts and secrets: what is written and whom the processes call (rules S11 and S12).</summary>
public sealed class PrivacyTests(PrivacyTests.MarkedRun run) : IClassFixture<PrivacyTests.MarkedRun>
{
    [Theory]
    [InlineData(MarkedRun.Prompt)]
    [InlineData(MarkedRun.Row)]
    [InlineData(MarkedRun.Secret)]
    [InlineData(MarkedRun.Query)]
    [InlineData(MarkedRun.Path)]
    public void Logs_and_metrics_never_hold_what_callers_sent(string mark)
    {
        Assert.DoesNotContain(mark, run.Logs);
        Assert.DoesNotContain(mark, run.Metrics);
    }

    [Fact]
    public void Logs_hold_neither_answers_nor_keys_but_every_request()
    {
        Assert.DoesNotContain(run.Answer, run.Logs);
        Assert.DoesNotContain(run.AdminKey, run.Logs);
        var requests = run.Logs.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement).Where(line => line.TryGetProperty("route", out _)).ToList();
        var chat = requests.First(line => line.GetProperty("route").GetString() == "/v1/chat/completions" && line.GetProperty("status").GetInt32() == 200);
        Assert.Equal(("POST", "local", "info"), (chat.GetProperty("method").GetString(), chat.GetProperty("account").GetString(), chat.GetProperty("level").GetString()));
        Assert.True(Guid.TryParse(chat.GetProperty("request_id").GetString(), out _) && chat.GetProperty("milliseconds").GetDouble() > 0);
    }

    [Fact]
    public void On_disk_rows_lie_in_their_blob_and_prompts_and_secrets_nowhere()
    {
        Assert.Equal([], run.FilesWith(MarkedRun.Prompt));
        Assert.Equal([], run.FilesWith(MarkedRun.Secret));
        Assert.Equal([], run.FilesWith(MarkedRun.Query));
        Assert.All(run.FilesWith(MarkedRun.Row), file => Assert.StartsWith(System.IO.Path.Combine("data", "blobs"), file));
        Assert.All(run.FilesWith(run.AdminKey), file => Assert.Contains(file, (string[])["ready.json", System.IO.Path.Combine("data", "credentials")]));
        Assert.NotEmpty(run.FilesWith(MarkedRun.Row)); // the search finds what is there
    }

    [Fact]
    public void Nobody_outside_this_machine_is_called()
    {
        Assert.Contains(run.Connections, line => line.Contains("ConnectStart")); // replicas are reached through sockets, so the watch works
        Assert.Equal([], run.Connections.Where(line => !IsLocal(line)));
    }

    // A socket's address is family, length and bytes: "ConnectStart Unix:110:{…}", "ConnectStart InterNetwork:16:{port,port,127,0,0,1,…}".
    private static bool IsLocal(string line) => line.Contains(" Unix:", StringComparison.Ordinal) || System.Text.RegularExpressions.Regex.IsMatch(line, @" InterNetwork:\d+:\{\d+,\d+,127,");

    /// <summary>One run of the main job, everything it wrote kept until the tests have looked.</summary>
    public sealed class MarkedRun : IAsyncLifetime
    {
        public const string Prompt = "canaryprompt7391", Row = "canaryrow5512", Secret = "canarysecret8820", Query = "canaryquery1177", Path = "canarypath4046";

        private string _folder = "";

        public string Logs { get; private set; } = "";
        public string Metrics { get; private set; } = "";
        public string Answer { get; private set; } = "";
        public string AdminKey { get; private set; } = "";
        public IReadOnlyList<string> Connections { get; private set; } = [];

        public async ValueTask InitializeAsync()
        {
            _folder = Directory.CreateTempSubdirectory("hearth-e2e-").FullName;
            var connections = System.IO.Path.Combine(_folder, "connections.txt");
            await File.WriteAllTextAsync(connections, "");
            var environment = new Dictionary<string, string>
            {
                ["TMPDIR"] = Directory.CreateDirectory(System.IO.Path.Combine(_folder, "tmp")).FullName,
                ["DOTNET_STARTUP_HOOKS"] = typeof(TemporaryFolder).Assembly.Location,
                ["HEARTH_TEST_CONNECTIONS"] = connections,
            };
            var server = await RunningServer.StartAsync(environment, _folder, "--log-format", "json", "--log-level", "debug");
            await using (server) await RunAsync(server);
            (Logs, AdminKey, Connections) = (server.Output, server.AdminKey, await File.ReadAllLinesAsync(connections));
        }

        public ValueTask DisposeAsync()
        {
            Directory.Delete(_folder, recursive: true);
            return ValueTask.CompletedTask;
        }

        /// <summary>Files below the run's folder (data, temporary files, dumps) that hold a text, as bytes.</summary>
        public IReadOnlyList<string> FilesWith(string text) =>
        [
            .. Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories)
                .Where(file => File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0)
                .Select(file => System.IO.Path.GetRelativePath(_folder, file)),
        ];

        private async Task RunAsync(RunningServer server)
        {
            using var sdk = new PythonSdk(server.Url, server.AdminKey);
            var rows = TrainedRows.JsonLines(31) + $$"""{"messages":[{"role":"user","content":"{{Row}}"},{"role":"assistant","content":"{{Row}}"}]}""" + "\n";
            await server.UploadAsync("marked", rows);
            await Assert.ThrowsAnyAsync<Exception>(() => server.UploadAsync("broken", $"{{\"messages\": [{Row}}}\n"));
            await server.Client.CreateSupervisedJobAsync(new() { BaseModel = RunningServer.BaseModel, Dataset = "marked", OutputModel = "marked", LoraRank = 8, Epochs = 1, BatchSizeSamples = 16, MaxContextLength = 256 }, "marked");
            await server.WaitForJobAsync("marked");
            var deployment = await server.DeployBaseAsync();
            var question = $$"""{"model":"{{deployment}}","messages":[{"role":"user","content":"{{Prompt}} Tom has 12 apples and buys 7 more."}],"max_tokens":24,"temperature":0,"ignore_eos":true""";
            var answer = await PythonSdk.Ok(sdk.PostAsync($"/v1/chat/completions?key={Query}", question + "}"));
            Answer = answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
            Assert.True(Answer.Length > 8);
            await sdk.StreamAsync("/v1/chat/completions", question + ",\"stream\":true}");
            await sdk.PostAsync("/v1/chat/completions", question); // broken JSON
            await sdk.PostAsync("/v1/chat/completions", question.Replace("\"temperature\":0", $"\"temperature\":\"{Prompt}\"") + "}");
            await sdk.GetAsync($"/v1/accounts/local/datasets/{Path}");
            await sdk.GetAsync($"/{Path}?token={Query}");
            await PythonSdk.Ok(sdk.PostAsync("/v1/accounts/local/secrets", $$"""{"name":"accounts/local/secrets/marked","keyName":"KEY","value":"{{Secret}}"}"""));
            Metrics = await server.MetricsAsync();
        }
    }
}
