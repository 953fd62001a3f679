using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>Starts, stops and crashes of the program.</summary>
public sealed class ServerLifeTests
{
    [Fact]
    public async Task A_second_server_on_a_data_directory_is_refused_with_the_pid_of_the_first()
    {
        await using var first = await RunningServer.StartAsync();
        using var second = RunningServer.Launch("serve", "--port", "0", "--data-dir", first.DataDirectory);
        await second.WaitForExitAsync().WaitAsync(RunningServer.Patience);
        Assert.NotEqual(0, second.ExitCode);
        Assert.Contains(first.ProcessId.ToString(), await second.StandardError.ReadToEndAsync());
    }

    [Fact]
    public async Task Workers_die_with_a_killed_server_and_a_new_one_serves_what_was_deployed()
    {
        string folder, deployment;
        int replica;
        await using (var killed = await RunningServer.StartAsync(Directory.CreateTempSubdirectory("hearth-e2e-").FullName))
        {
            (folder, deployment) = (killed.Folder, await killed.DeployBaseAsync());
            replica = Assert.Single(killed.Workers("worker-replica"));
            await killed.KillAsync();
            await RunningServer.UntilAsync(() => !RunningServer.IsRunning(replica), "the replica to end");
        }
        await using (var next = await RunningServer.StartAsync(folder))
        {
            await next.Client.WaitForDeploymentAsync(deployment.Split('/')[^1], TimeSpan.FromMilliseconds(100)).WaitAsync(RunningServer.Patience);
            Assert.NotEmpty((await next.Client.ChatAsync(RunningServer.Question(deployment, "What is 3 + 4?"))).Choices);
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Started_by_its_own_executable_it_starts_its_workers_so_too()
    {
        // An executable finds the runtime by this variable where it is not in the usual place.
        var runtime = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        await using var server = await RunningServer.StartAsync(byExecutable: true, new Dictionary<string, string> { ["DOTNET_ROOT"] = runtime });
        var deployment = await server.DeployBaseAsync();
        Assert.NotEmpty((await server.Client.ChatAsync(RunningServer.Question(deployment, "What is 3 + 4?"))).Choices);
    }

    [Fact]
    public async Task A_self_signed_server_is_ready_and_its_clients_trust_its_certificate()
    {
        await using var server = await RunningServer.StartAsync(folder: null, "--tls-self-signed", "--host", "0.0.0.0", "--log-format", "json");
        Assert.Equal("https", server.Url.Scheme);
        var certificate = Path.Combine(server.DataDirectory, "tls-certificate.pem");
        Assert.DoesNotContain("PRIVATE", await File.ReadAllTextAsync(certificate));
        foreach (var (file, expected) in new[] { (certificate, true), ("/dev/null", false) })
        {
            using var client = RunningServer.Launch(["batch", "list", "--url", server.Url.ToString(), "--api-key", server.AdminKey], new Dictionary<string, string> { ["SSL_CERT_FILE"] = file });
            var output = client.StandardOutput.ReadToEndAsync();
            var errors = client.StandardError.ReadToEndAsync();
            await client.WaitForExitAsync().WaitAsync(RunningServer.Patience);
            Assert.True((client.ExitCode == 0) == expected, await errors + await output);
        }
        using var http = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true });
        var last = "";
        await RunningServer.UntilAsync(() => (last = http.GetStringAsync(new Uri(server.Url, "/ready")).ContinueWith(answer => answer.IsFaulted ? "" : answer.Result).Result) != "", "readiness");
        Assert.Contains("\"status\":\"ready\"", last);
        Assert.All(server.Output.Split('\n').Where(line => line.StartsWith('{')), line => System.Text.Json.JsonDocument.Parse(line).Dispose());
    }

    [Fact]
    public async Task A_batch_goes_on_after_its_server_was_killed_each_row_answered_and_counted_once()
    {
        const int rows = 400;
        var folder = Directory.CreateTempSubdirectory("hearth-e2e-").FullName;
        var processed = 0;
        for (var kills = 0; kills < 3; kills++)
        {
            await using var server = await RunningServer.StartAsync(folder);
            if (kills == 0)
            {
                await server.UploadAsync("questions", string.Concat(Enumerable.Range(0, rows).Select(i =>
                    $$$"""{"custom_id":"q{{{i}}}","body":{"messages":[{"role":"user","content":"What is {{{i}}} + 1?"}],"max_tokens":8,"ignore_eos":true}}""" + "\n")));
                await server.Client.CreateBatchJobAsync(new() { Model = RunningServer.BaseModel, InputDatasetId = "questions", OutputDatasetId = "answers" }, "ask");
            }
            var before = processed;
            await RunningServer.UntilAsync(() => (processed = server.Client.GetBatchJobAsync("ask").Result.JobProgress!.TotalProcessedRequests) > before, "some rows");
            await server.KillAsync();
        }
        Assert.True(processed < rows, "The job was done before it could be killed.");
        await using (var last = await RunningServer.StartAsync(folder))
        {
            using var patience = new CancellationTokenSource(RunningServer.Patience);
            var job = await last.Client.WatchBatchJobAsync("ask", TimeSpan.FromMilliseconds(50), patience.Token).LastAsync(patience.Token);
            Assert.Equal((rows, 0, rows * 8), (job.JobProgress!.SuccessfullyProcessedRequests, job.JobProgress.FailedRequests, job.JobProgress.OutputTokens));
            using var http = new HttpClient();
            http.DefaultRequestHeaders.Authorization = new("Bearer", last.AdminKey);
            using var download = System.Text.Json.JsonDocument.Parse(await http.GetStringAsync(new Uri(last.Url, "v1/accounts/local/datasets/answers:getDownloadEndpoint")));
            var address = download.RootElement.GetProperty("filenameToSignedUrls").GetProperty("dataset/answers/BIJOutputSet.jsonl").GetString();
            var ids = (await http.GetStringAsync(address)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => System.Text.Json.JsonDocument.Parse(line).RootElement.GetProperty("custom_id").GetString()).ToList();
            Assert.Equal((rows, rows), (ids.Count, ids.Distinct().Count()));
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_start_ends_with_six_lines_that_tell_how_to_go_on()
    {
        await using var server = await RunningServer.StartAsync();
        await RunningServer.UntilAsync(() => server.Output.Contains("next", StringComparison.Ordinal), "the last line");
        var lines = server.Output.TrimEnd().Split('\n')[^6..];
        Assert.Contains(server.Url.Port.ToString(), lines[0]);
        Assert.Contains(server.DataDirectory, lines[1]);
        Assert.Contains("local", lines[2]);
        Assert.Contains("hearth-tiny", lines[3]);
        Assert.Contains("code evaluators are refused", lines[4]);
        Assert.Contains("hearth chat", lines[5]);
        Assert.DoesNotContain(server.AdminKey, server.Output);
    }
}
