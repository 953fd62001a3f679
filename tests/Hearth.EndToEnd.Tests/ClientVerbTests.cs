using System.Text.Json;
using Hearth.TestKit;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>The verbs with which people tune their own file and use their own model; the commands are those of docs/tutorial.md.</summary>
public sealed class ClientVerbTests
{
    private const string Smol = "SmolLM2-135M-Instruct";

    [Fact]
    public async Task A_file_is_tuned_deployed_and_asked_with_three_commands()
    {
        await using var server = await RunningServer.StartAsync();
        var rows = Path.Combine(server.Folder, "chats.jsonl");
        await File.WriteAllTextAsync(rows, TrainedRows.JsonLines(32));
        Assert.Contains("32 rows", await RunAsync(server: null, "datasets", "validate", rows));
        Assert.Contains("accounts/local/models/mine is ready", await RunAsync(server, "train", rows, "--name", "mine", "--batch-size-samples", "16"));
        Assert.Contains("accounts/local/deployments/mine answers", await RunAsync(server, "deploy", "mine"));
        Assert.NotEmpty((await RunAsync(server, "chat", "mine", "What is 3 + 4?", "--max-tokens", "8")).Trim());
        using var answer = JsonDocument.Parse(await RunAsync(server, "chat", "mine", "What is 3 + 4?", "--max-tokens", "8", "--output", "json"));
        Assert.True(answer.RootElement.GetProperty("completionTokens").GetInt32() > 0);
    }

    [Fact]
    public async Task A_file_of_requests_is_answered_without_a_deployment_and_the_answers_are_downloaded()
    {
        await using var server = await RunningServer.StartAsync();
        var rows = Path.Combine(server.Folder, "questions.jsonl");
        await File.WriteAllLinesAsync(rows, Enumerable.Range(0, 40).Select(i => JsonSerializer.Serialize(new
        {
            custom_id = $"q{i}",
            body = new { messages = new[] { new { role = "user", content = $"What is {i} + 1?" } }, max_tokens = i == 7 ? 0 : 5 },
        })));
        var shown = await RunAsync(
            server, "batch", "create", "-m", "hearth-tiny", "-d", "questions", "--file", rows, "-x", "answers", "--job-id", "ask", "--temperature", "0", "--extra-body", """{"ignore_eos":true}""", "--wait");
        Assert.Contains("Rows: 40/40 rows, 1 failed", shown);
        Assert.Empty(server.Workers("worker-replica"));
        using var job = JsonDocument.Parse(await RunAsync(server, "batch", "get", "ask", "--output", "json"));
        Assert.Equal(("COMPLETED", 39, 195), (job.RootElement.GetProperty("state").GetString(), job.RootElement.GetProperty("succeeded").GetInt32(), job.RootElement.GetProperty("outputTokens").GetInt32()));
        Assert.Contains("ask  COMPLETED  40/40 rows", await RunAsync(server, "batch", "list"));

        await RunAsync(server, "datasets", "download", "answers", Path.Combine(server.Folder, "answers"));
        var answers = await File.ReadAllLinesAsync(Path.Combine(server.Folder, "answers", "BIJOutputSet.jsonl"));
        Assert.Equal(39, answers.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("custom_id").GetString()).Distinct().Count());
        Assert.Contains("max_tokens", await File.ReadAllTextAsync(Path.Combine(server.Folder, "answers", "error-data")));
        await RunAsync(server, "batch", "delete", "ask");
    }

    [Fact, Trait("Category", "Long")]
    public async Task A_published_model_is_tuned_on_a_hundred_rows_and_served()
    {
        var folder = FixtureFolder.TryFindModel(Smol);
        Assert.SkipWhen(folder is null, $"The model {Smol} is not here (HEARTH_MODELS or ../shared/models).");
        await using var server = await RunningServer.StartAsync(folder: null, "--model", $"smol={folder}");
        var rows = Path.Combine(server.Folder, "chats.jsonl");
        var data = Path.Combine(folder, "..", "..", "data", "gsm8k", "train.jsonl");
        await RunAsync(server: null, "datasets", "convert", data, "--from", "question-answer", "--rows", "100", "--out", rows);
        using var trained = JsonDocument.Parse(await RunAsync(
            server, "train", rows, "--name", "gsm8k", "--base-model", "smol", "--batch-size-samples", "4", "--learning-rate", "1e-3", "--output", "json"));
        Assert.Equal(25, trained.RootElement.GetProperty("steps").GetInt32());
        Assert.InRange(trained.RootElement.GetProperty("loss").GetDouble(), 0.1, 1.2);
        await RunAsync(server, "deploy", "gsm8k");
        var answer = await RunAsync(server, "chat", "gsm8k", "Tom has 12 apples and buys 7 more. How many apples does he have?", "--temperature", "0");
        Assert.Contains("####", answer);
    }

    private static async Task<string> RunAsync(RunningServer? server, params string[] arguments)
    {
        string[] connection = server is null ? [] : ["--url", server.Url.ToString(), "--data-dir", server.DataDirectory];
        using var program = RunningServer.Launch([.. arguments, .. connection]);
        program.StandardInput.Close();
        var output = program.StandardOutput.ReadToEndAsync();
        var errors = program.StandardError.ReadToEndAsync();
        await program.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(15));
        Assert.True(program.ExitCode == 0, $"hearth {string.Join(' ', arguments)}: {await errors}{await output}");
        return await output;
    }
}
