using System.Net;
using System.Text;
using Hearth.Client;
using Hearth.ControlPlane;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>The operator's metrics, an account's own, and traces.</summary>
public sealed class MetricsTests : IAsyncLifetime
{
    private const string Deployment = "accounts/local/deployments/serve";
    private readonly ManualClock _clock = new();
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ServingAsync(_clock);

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task The_operators_metrics_are_strict_prometheus_text_and_count_what_happened()
    {
        await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
        await _server.GetAsync("/v1/accounts/local/datasets/absent");
        await _server.GetAsync("/no/such/path/canary");
        var samples = await ReadAsync(_server);
        Assert.Equal(3, Value(samples, "hearth_tokens_total", ("kind", "prompt"), ("model", TestServer.Base)));
        Assert.Equal(2, Value(samples, "hearth_tokens_total", ("kind", "completion"), ("model", TestServer.Base)));
        Assert.Equal(1, Value(samples, "hearth_generation_first_token_seconds_count", ("model", TestServer.Base)));
        Assert.Equal(1, Value(samples, "hearth_generation_duration_seconds_count", ("model", TestServer.Base), ("status", "200")));
        Assert.Equal(0, Value(samples, "hearth_generation_active", ("model", TestServer.Base)));
        Assert.Equal(1, Value(samples, "hearth_assignments", ("kind", "replica")));
        Assert.Equal(1, Value(samples, "hearth_replicas_ready"));
        Assert.True(Value(samples, "hearth_store_commits_total") > 3);
        Assert.True(Value(samples, "hearth_store_commit_duration_seconds_count", ("outcome", "ok")) > 0);
        Assert.True(samples.Single(sample => sample.Name == "hearth_outbox_due").Value >= 0);
        Assert.True(samples.First(sample => sample.Name == "dotnet_process_memory_working_set_bytes").Value > 1e6);
        var requests = samples.Where(sample => sample.Name == "http_server_request_duration_seconds_count").ToList();
        Assert.Contains(requests, one => one.Labels.GetValueOrDefault("http_route") == "/v1/accounts/{account}/datasets/{id}" && one.Labels["http_response_status_code"] == "404");
        Assert.DoesNotContain(samples, one => one.Labels.Values.Any(value => value.Contains("canary") || value.Contains("absent")));
    }

    [Fact]
    public async Task Jobs_are_counted_when_they_are_created_and_when_they_end()
    {
        await _server.AddDatasetAsync("rows");
        await _server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny" }, "job");
        await _server.TrainAsync("accounts/local/supervisedFineTuningJobs/job");
        var samples = await ReadAsync(_server);
        Assert.Equal(1, Value(samples, "hearth_jobs_created_total", ("kind", "supervisedFineTuningJobs")));
        Assert.Equal(1, Value(samples, "hearth_jobs_ended_total", ("kind", "supervisedFineTuningJobs"), ("state", "JOB_STATE_COMPLETED")));
        Assert.Equal(1000, Value(samples, "hearth_tokens_total", ("kind", "trained"), ("model", TestServer.Base)));
    }

    [Fact]
    public async Task Only_the_operator_reads_them_unless_this_machine_was_let_in()
    {
        using var nobody = _server.NewHttp(null);
        using var limited = _server.NewHttp(await _server.Server.LimitedKeyAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync("/metrics")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await limited.GetAsync("/metrics")).StatusCode);
        await using var open = await TestServer.StartAsync(options: plain => plain with { OpenMetrics = true });
        using var local = open.NewHttp(null);
        Assert.Equal(HttpStatusCode.OK, (await local.GetAsync("/metrics")).StatusCode);
    }

    [Fact]
    public async Task Two_servers_in_one_process_do_not_count_each_others_requests()
    {
        await using var other = await TestServer.StartAsync();
        await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
        Assert.DoesNotContain(await ReadAsync(other), sample => sample.Name == "hearth_tokens_total" || sample.Labels.GetValueOrDefault("http_route") == "/v1/chat/completions");
    }

    [Fact]
    public async Task An_accounts_metrics_have_the_platforms_names_and_labels()
    {
        await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
        await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
        _server.Gateway.Next((_, _) => LostAsync());
        await Assert.ThrowsAsync<HearthApiException>(() => _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi")));
        var samples = PrometheusFormat.Parse(await AccountTextAsync());
        Assert.All(samples, sample => Assert.Equal(
            (TestServer.Base, Deployment, "local", "serve"),
            (sample.Labels["base_model"], sample.Labels["deployment"], sample.Labels["deployment_account"], sample.Labels["deployment_id"])));
        Assert.Equal(3 / 60d, Rate(samples, "request_counter_total"), 5);
        Assert.Equal(6 / 60d, Rate(samples, "tokens_prompt_total"), 5);
        Assert.Equal(2 / 60d, Rate(samples, "tokens_cached_prompt_total"), 5);
        var error = Assert.Single(samples, sample => sample.Name == "requests_error_total:sum_by_deployment");
        Assert.Equal("503", error.Labels["http_code"]);
        Assert.Equal(1 / 60d, error.Value, 5);
        foreach (var name in (string[])["latency_overall_ms", "latency_to_first_token_ms", "latency_generation_per_token_ms", "tokens_generated_per_request", "tokens_prompt_per_request"])
        {
            var buckets = samples.Where(sample => sample.Name == $"{name}_bucket:sum_by_deployment").ToList();
            Assert.Equal(2 / 60d, buckets.Single(bucket => bucket.Labels["le"] == "+Inf").Value, 5);
            Assert.Equal(buckets.Select(bucket => bucket.Value).Order(), buckets.Select(bucket => bucket.Value));
        }
        Assert.Equal(0, samples.Single(sample => sample.Name == "requests_coordinator_concurrent_count:avg_by_deployment").Value);
    }

    [Fact]
    public async Task What_replicas_report_is_in_both_texts_by_deployment()
    {
        var first = new ReplicaFigures
        {
            Running = 3,
            MaxRunning = 12,
            Waiting = 5,
            KvBlocks = 100,
            KvBlocksUsed = 20,
            KvBlocksCached = 30,
            OldestCachedSeconds = 7.5,
            Steps = 10,
            ForwardMilliseconds = 50,
            PromptTokens = 1000,
            CachedPromptTokens = 100,
            PrefillTokens = 900,
            GeneratedTokens = 40,
            DraftTokens = 9,
            AcceptedDraftTokens = 7,
            Preemptions = 2,
            PrefillTokensPerSecond = 90,
            GeneratedTokensPerSecond = 4,
            LatencyBounds = [10, 100],
            Queue = new([1, 1, 0], 60),
            Prefill = new([0, 2, 0], 120),
            FirstToken = new([0, 1, 1], 300),
            InterToken = new([30, 8, 0], 400),
        };
        await _server.Reports.ReplicaFiguresAsync(Deployment, 1, "r1", first, default);
        _clock.Advance(TimeSpan.FromSeconds(20));
        await _server.Reports.ReplicaFiguresAsync(Deployment, 1, "r1", first with { Steps = 30, ForwardMilliseconds = 150, PromptTokens = 2000, CachedPromptTokens = 600 }, default);
        await _server.Reports.ReplicaFiguresAsync(Deployment, 1, "r2", first with { Running = 9, KvBlocksUsed = 60 }, default);

        (string, string)[] one = [("deployment", Deployment), ("replica", "r1")];
        var samples = await ReadAsync(_server);
        Assert.Equal((3, 5), (Value(samples, "hearth_replica_sequences", [.. one, ("state", "running")]), Value(samples, "hearth_replica_sequences", [.. one, ("state", "waiting")])));
        foreach (var (state, blocks) in ((string, int)[])[("used", 20), ("cached", 30), ("free", 50)])
            Assert.Equal(blocks, Value(samples, "hearth_replica_kv_blocks", [.. one, ("state", state)]));
        foreach (var (kind, tokens) in ((string, int)[])[("prompt", 2000), ("cached", 600), ("prefill", 900), ("generated", 40)])
            Assert.Equal(tokens, Value(samples, "hearth_replica_tokens_total", [.. one, ("kind", kind)]));
        Assert.Equal((90, 4), (Value(samples, "hearth_replica_tokens_per_second", [.. one, ("kind", "prefill")]), Value(samples, "hearth_replica_tokens_per_second", [.. one, ("kind", "generated")])));
        Assert.Equal((0.5, 0.1), (Value(samples, "hearth_replica_prefix_hit_ratio", one), Value(samples, "hearth_replica_prefix_hit_ratio", ("deployment", Deployment), ("replica", "r2"))));
        Assert.Equal((7, 2), (Value(samples, "hearth_replica_draft_tokens_total", [.. one, ("outcome", "accepted")]), Value(samples, "hearth_replica_draft_tokens_total", [.. one, ("outcome", "rejected")])));
        Assert.Equal((2, 30, 0.15), (Value(samples, "hearth_replica_preemptions_total", one), Value(samples, "hearth_replica_steps_total", one), Value(samples, "hearth_replica_forward_seconds_total", one)));
        Assert.Equal((1, 2, 2), (Bucket("0.01"), Bucket("0.1"), Bucket("+Inf")));
        Assert.Equal((0.06, 2), (Value(samples, "hearth_replica_queue_seconds_sum", one), Value(samples, "hearth_replica_queue_seconds_count", one)));
        Assert.Equal((0.12, 0.3, 0.4), (Value(samples, "hearth_replica_prefill_seconds_sum", one), Value(samples, "hearth_replica_first_token_seconds_sum", one), Value(samples, "hearth_replica_inter_token_seconds_sum", one)));

        var own = PrometheusFormat.Parse(await AccountTextAsync());
        Assert.Equal((0.4, 0.5), (Mean("generator_kv_blocks_fraction"), Mean("generator_kv_slots_fraction")));
        Assert.Equal((5, 7.5), (Mean("generator_model_forward_time"), Mean("prefiller_prompt_cache_ttl")));

        _clock.Advance(TimeSpan.FromSeconds(31));
        Assert.DoesNotContain(await ReadAsync(_server), sample => sample.Name.StartsWith("hearth_replica_", StringComparison.Ordinal));

        double Bucket(string bound) => Value(samples, "hearth_replica_queue_seconds_bucket", [.. one, ("le", bound)]);
        double Mean(string name) => Assert.Single(own, sample => sample.Name == $"{name}:avg_by_deployment" && sample.Labels["deployment"] == Deployment).Value;
    }

    [Fact]
    public async Task Queue_and_prefill_times_of_requests_are_in_the_accounts_metrics()
    {
        _server.Gateway.Next((_, _) => TimedAsync());
        await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
        var samples = PrometheusFormat.Parse(await AccountTextAsync());
        foreach (var (name, bound) in ((string, string)[])[("latency_prefill_queue_ms", "50"), ("latency_prefill_ms", "200"), ("latency_generation_queue_ms", "1")])
        {
            var buckets = samples.Where(sample => sample.Name == $"{name}_bucket:sum_by_deployment").ToList();
            Assert.Equal(1 / 60d, buckets.Single(bucket => bucket.Labels["le"] == bound).Value, 5);
            Assert.All(buckets.TakeWhile(bucket => bucket.Labels["le"] != bound), bucket => Assert.Equal(0, bucket.Value));
        }

        static async IAsyncEnumerable<GenerationEvent> TimedAsync()
        {
            await Task.Yield();
            yield return new() { PromptTokenIds = [1], Text = "x", TokenIds = [1], FinishReason = "stop", Usage = new(1, 1, 0), Times = new(40, 150, 0.5, 900) };
        }
    }

    [Fact]
    public async Task They_change_every_thirty_seconds_forget_after_a_minute_and_may_be_read_six_times_a_minute()
    {
        await AccountTextAsync();
        await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
        Assert.Equal(0, Rate(PrometheusFormat.Parse(await AccountTextAsync()), "request_counter_total"));
        _clock.Advance(TimeSpan.FromSeconds(31));
        Assert.True(Rate(PrometheusFormat.Parse(await AccountTextAsync()), "request_counter_total") > 0);
        _clock.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(0, Rate(PrometheusFormat.Parse(await AccountTextAsync()), "request_counter_total"));
        _clock.Advance(TimeSpan.FromMinutes(2));
        for (var read = 0; read < 6; read++) await AccountTextAsync();
        using var refused = await _server.Http.GetAsync("/v1/accounts/local/metrics");
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(int.Parse(Assert.Single(refused.Headers.GetValues("retry-after"))), 1, 60);
        Assert.Contains("\"code\":8", await refused.Content.ReadAsStringAsync());
    }

    [Fact]
    public void Hostile_label_values_are_escaped()
    {
        var text = new PrometheusText();
        text.Family("hearth_test", "gauge", "A \"help\"\nof two lines\\.");
        text.Sample("hearth_test", [new("bad-name", "quote \" back \\ line\n")], 1.5);
        var sample = Assert.Single(PrometheusFormat.Parse(text.ToString()));
        Assert.Equal("quote \" back \\ line\n", sample.Labels["bad_name"]);
    }

    [Fact]
    public async Task Traces_go_where_the_variable_says_below_the_callers_span_and_hold_no_values()
    {
        var (bodies, key) = (new List<byte[]>(), "");
        await using var collector = await CollectorAsync(bodies);
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        await using (var server = await ServingAsync(clock: null, options: plain => plain with { OtlpEndpoint = $"{collector.Urls.First()}/v1/traces" }))
        {
            key = server.Server.AdminKey!;
            using var ask = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions?api_key=canary-query")
            {
                Content = TestServer.JsonBody("""{"model":"tiny","messages":[{"role":"user","content":"canary-prompt"}]}"""),
                Headers = { { "traceparent", $"00-{trace}-b7ad6b7169203331-01" } },
            };
            using var answer = await server.Http.SendAsync(ask);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
        var sent = Encoding.Latin1.GetString([.. bodies.SelectMany(body => body)]);
        Assert.Contains("POST /v1/chat/completions", sent);
        Assert.Contains("generate", sent);
        Assert.Contains(Encoding.Latin1.GetString(Convert.FromHexString(trace)), sent);
        Assert.DoesNotContain("canary", sent);
        Assert.DoesNotContain(key, sent);
    }

    private static async Task<TestServer> ServingAsync(ManualClock? clock, Func<HearthServerOptions, HearthServerOptions>? options = null)
    {
        var server = await TestServer.StartAsync(clock: clock, options: options);
        await server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny" }, "serve");
        await server.ServeAsync(Deployment);
        return server;
    }

    private static async Task<WebApplication> CollectorAsync(List<byte[]> bodies)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            lock (bodies) bodies.Add(body.ToArray());
        });
        await app.StartAsync();
        return app;
    }

    private static async IAsyncEnumerable<GenerationEvent> LostAsync()
    {
        await Task.Yield();
        yield return new() { PromptTokenIds = [1], Text = "x", TokenIds = [1] };
        throw new ReplicaLostException("gone");
    }

    private static async Task<IReadOnlyList<PrometheusFormat.Sample>> ReadAsync(TestServer server)
    {
        using var answer = await server.Http.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        return PrometheusFormat.Parse(await answer.Content.ReadAsStringAsync());
    }

    private async Task<string> AccountTextAsync()
    {
        using var answer = await _server.Http.GetAsync("/v1/accounts/local/metrics");
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadAsStringAsync();
    }

    private static double Value(IReadOnlyList<PrometheusFormat.Sample> samples, string name, params (string Label, string Value)[] labels) =>
        Assert.Single(samples, sample => sample.Name == name && sample.Labels.Count == labels.Length && labels.All(label => sample.Labels.GetValueOrDefault(label.Label) == label.Value)).Value;

    private static double Rate(IReadOnlyList<PrometheusFormat.Sample> samples, string name) => samples.Single(sample => sample.Name == $"{name}:sum_by_deployment").Value;
}
