using System.Collections.Concurrent;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>
/// An account's deployments in Prometheus text: rates and latency distributions over the last minute, and what their replicas reported last, under the
/// platform's names. Computed at most every 30 s, handed out at most 6 times a minute.
/// </summary>
internal sealed class AccountMetrics(ResourceStore resources, DeploymentWindows windows, ReplicaFigureBoard board, TimeProvider clock)
{
    private const int MostRequests = 6;
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(30);
    private static readonly double[] Milliseconds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000];
    private static readonly double[] Tokens = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];

    private readonly ConcurrentDictionary<string, Page> _pages = new();

    /// <exception cref="HearthException">RESOURCE_EXHAUSTED: asked more than six times within a minute.</exception>
    public async ValueTask<string> ReadAsync(string account, CancellationToken cancellationToken)
    {
        var page = _pages.GetOrAdd(account, _ => new Page());
        lock (page) Admit(page);
        if (page.Text is { } text && clock.GetUtcNow() - page.At < Refresh) return text;
        (page.Text, page.At) = (await WriteAsync(account, cancellationToken), clock.GetUtcNow());
        return page.Text;
    }

    private void Admit(Page page)
    {
        var now = clock.GetUtcNow();
        while (page.Asked.TryPeek(out var first) && now - first >= DeploymentWindows.Length) page.Asked.Dequeue();
        if (page.Asked.Count >= MostRequests)
            throw new HearthException(ErrorCode.ResourceExhausted, $"The metrics of an account may be read {MostRequests} times a minute; they change every {Refresh.TotalSeconds} s. Ask less often.")
            { RetryAfter = page.Asked.Peek() + DeploymentWindows.Length - now };
        page.Asked.Enqueue(now);
    }

    private async ValueTask<string> WriteAsync(string account, CancellationToken cancellationToken)
    {
        var deployments = (await resources.ListAsync<DeploymentRecord>(account, ResourceKind.Deployments, cancellationToken))
            .Select(one => new Seen(one.Name.Value, Labels(one), windows.Read(one.Name.Value).Ended, windows.Read(one.Name.Value).Active)).ToList();
        var text = new PrometheusText();
        Rate("request_counter_total", "Requests a second.", one => one.Ended.Count);
        Errors(text, deployments);
        Rate("tokens_cached_prompt_total", "Prompt tokens from the cache, a second.", one => one.Ended.Sum(run => run.Usage.CachedPromptTokens));
        Rate("tokens_prompt_total", "Prompt tokens a second.", one => one.Ended.Sum(run => run.Usage.PromptTokens));
        Histogram("latency_generation_per_token_ms", "Milliseconds between two generated tokens.", Milliseconds, PerToken);
        Histogram("latency_generation_queue_ms", "Milliseconds in which a request waited for memory after its first token.", Milliseconds, run => run.Times?.GenerationQueue);
        Histogram("latency_overall_ms", "Milliseconds from a routed request to its last token.", Milliseconds, run => run.Whole.TotalMilliseconds);
        Histogram("latency_to_first_token_ms", "Milliseconds from a routed request to its first token.", Milliseconds, run => run.FirstToken?.TotalMilliseconds);
        Histogram("latency_prefill_ms", "Milliseconds from a request's first step to its first token.", Milliseconds, run => run.Times?.Prefill);
        Histogram("latency_prefill_queue_ms", "Milliseconds from a request's arrival in the replica to its first step.", Milliseconds, run => run.Times?.PrefillQueue);
        Histogram("tokens_generated_per_request", "Generated tokens of a request.", Tokens, run => run.Usage.CompletionTokens);
        Histogram("tokens_prompt_per_request", "Prompt tokens of a request.", Tokens, run => run.Usage.PromptTokens);
        text.Family("requests_coordinator_concurrent_count:avg_by_deployment", "gauge", "Requests on a replica now.");
        foreach (var one in deployments) text.Sample("requests_coordinator_concurrent_count:avg_by_deployment", one.Labels, one.Active);
        var replicas = board.List().ToLookup(one => one.Resource);
        Mean("generator_kv_blocks_fraction", "Part of the KV blocks that requests hold.", one => Part(one.Now.KvBlocksUsed, one.Now.KvBlocks));
        Mean("generator_kv_slots_fraction", "Part of the sequences that may run at once that do.", one => Part(one.Now.Running, one.Now.MaxRunning));
        Mean("generator_model_forward_time", "Milliseconds of a step in the model, mean of the last minute.", one => one.ForwardMilliseconds);
        Mean("prefiller_prompt_cache_ttl", "Seconds for which the oldest cached prefix has not been used.", one => one.Now.OldestCachedSeconds);
        return text.ToString();

        void Mean(string name, string help, Func<ReplicaReport, double?> value)
        {
            text.Family($"{name}:avg_by_deployment", "gauge", $"{help} Mean of the replicas.");
            foreach (var one in deployments)
                if (replicas[one.Name].Select(value).Average() is { } mean) text.Sample($"{name}:avg_by_deployment", one.Labels, Math.Round(mean, 6));
        }

        void Rate(string name, string help, Func<Seen, long> count)
        {
            text.Family($"{name}:sum_by_deployment", "gauge", $"{help} Mean of the last minute.");
            foreach (var one in deployments) text.Sample($"{name}:sum_by_deployment", one.Labels, PerSecond(count(one)));
        }

        void Histogram(string name, string help, double[] bounds, Func<RunSample, double?> value)
        {
            text.Family($"{name}_bucket:sum_by_deployment", "gauge", $"{help} Successful requests a second up to le, mean of the last minute.");
            foreach (var one in deployments)
            {
                var values = one.Ended.Where(run => run.Status < 400).Select(value).OfType<double>().ToList();
                foreach (var bound in (double[])[.. bounds, double.PositiveInfinity])
                    text.Sample($"{name}_bucket:sum_by_deployment", [.. one.Labels, new("le", PrometheusText.Number(bound))], PerSecond(values.Count(each => each <= bound)));
            }
        }
    }

    private static void Errors(PrometheusText text, IReadOnlyList<Seen> deployments)
    {
        text.Family("requests_error_total:sum_by_deployment", "gauge", "Failed requests a second, by status. Mean of the last minute.");
        foreach (var one in deployments)
        {
            foreach (var status in one.Ended.Where(run => run.Status >= 400).GroupBy(run => run.Status).OrderBy(group => group.Key))
                text.Sample("requests_error_total:sum_by_deployment", [.. one.Labels, new("http_code", status.Key.ToString())], PerSecond(status.Count()));
        }
    }

    private static double? PerToken(RunSample run) =>
        run is { FirstToken: { } first, Usage.CompletionTokens: > 1 } ? (run.Whole - first).TotalMilliseconds / (run.Usage.CompletionTokens - 1) : null;

    private static double PerSecond(long count) => Math.Round(count / DeploymentWindows.Length.TotalSeconds, 6);

    private static KeyValuePair<string, string>[] Labels(Stored<DeploymentRecord> deployment) =>
    [
        new("base_model", deployment.Value.Spec.BaseModel), new("deployment", deployment.Name.Value),
        new("deployment_account", deployment.Name.Account), new("deployment_id", deployment.Name.Id),
    ];

    private static double? Part(int part, int whole) => whole == 0 ? null : (double)part / whole;

    private sealed record Seen(string Name, KeyValuePair<string, string>[] Labels, IReadOnlyList<RunSample> Ended, int Active);

    private sealed class Page
    {
        public Queue<DateTimeOffset> Asked { get; } = new();
        public string? Text { get; set; }
        public DateTimeOffset At { get; set; }
    }
}
