using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>What replicas report about their engines, in Prometheus text, by deployment and replica.</summary>
internal sealed class ReplicaSeries(ReplicaFigureBoard board)
{
    public string Write()
    {
        var text = new PrometheusText();
        var replicas = board.List();
        if (replicas.Count == 0) return "";
        Figure("sequences", "gauge", "Sequences of requests in the engine, by state.", "state", ("running", one => one.Running), ("waiting", one => one.Waiting));
        Figure("kv_blocks", "gauge", "Blocks of the KV cache, by state: held by a sequence, cached for a prefix, free.", "state",
            ("used", one => one.KvBlocksUsed), ("cached", one => one.KvBlocksCached), ("free", one => one.KvBlocks - one.KvBlocksUsed - one.KvBlocksCached));
        Figure("tokens_total", "counter", "Tokens, by kind: of prompts that were begun, those of them that the prefix cache had, prefilled, generated.", "kind",
            ("prompt", one => one.PromptTokens), ("cached", one => one.CachedPromptTokens), ("prefill", one => one.PrefillTokens), ("generated", one => one.GeneratedTokens));
        Figure("tokens_per_second", "gauge", "Tokens a second in the last ten seconds, by kind.", "kind",
            ("prefill", one => one.PrefillTokensPerSecond), ("generated", one => one.GeneratedTokensPerSecond));
        Family("prefix_hit_ratio", "gauge", "Part of the prompts' tokens that the prefix cache had, in the last minute.");
        foreach (var one in replicas)
            if (one.PrefixHitRatio is { } ratio) text.Sample(Name("prefix_hit_ratio"), Labels(one), Math.Round(ratio, 6));
        Figure("draft_tokens_total", "counter", "Tokens that were guessed ahead, by what became of them.", "outcome",
            ("accepted", one => one.AcceptedDraftTokens), ("rejected", one => one.DraftTokens - one.AcceptedDraftTokens));
        Figure("preemptions_total", "counter", "Times that a sequence had to give its KV blocks back.", null, ("", one => one.Preemptions));
        Figure("steps_total", "counter", "Steps of the engine.", null, ("", one => one.Steps));
        Figure("forward_seconds_total", "counter", "Time in the model.", null, ("", one => one.ForwardMilliseconds / 1000));
        Histogram("queue_seconds", "From the arrival of a request in the replica to its first step.", one => one.Queue);
        Histogram("prefill_seconds", "From the first step of a request to its first token.", one => one.Prefill);
        Histogram("first_token_seconds", "From the arrival of a request in the replica to its first token.", one => one.FirstToken);
        Histogram("inter_token_seconds", "Between two tokens of a completion.", one => one.InterToken);
        return text.ToString();

        void Family(string name, string type, string help) => text.Family(Name(name), type, help);

        void Figure(string name, string type, string help, string? label, params (string Value, Func<ReplicaFigures, double> Read)[] series)
        {
            Family(name, type, help);
            foreach (var one in replicas)
                foreach (var (value, read) in series)
                    text.Sample(Name(name), label is null ? Labels(one) : [.. Labels(one), new(label, value)], Math.Round(read(one.Now), 6));
        }

        void Histogram(string name, string help, Func<ReplicaFigures, LatencyFigures> read)
        {
            Family(name, "histogram", help);
            foreach (var one in replicas) Buckets(Name(name), Labels(one), one.Now.LatencyBounds, read(one.Now));
        }

        void Buckets(string name, KeyValuePair<string, string>[] labels, IReadOnlyList<double> bounds, LatencyFigures latencies)
        {
            long below = 0;
            for (var i = 0; i < latencies.Counts.Count; i++)
            {
                below += latencies.Counts[i];
                var bound = i < bounds.Count ? bounds[i] / 1000 : double.PositiveInfinity;
                text.Sample($"{name}_bucket", [.. labels, new("le", PrometheusText.Number(bound))], below);
            }
            text.Sample($"{name}_sum", labels, latencies.SumMilliseconds / 1000);
            text.Sample($"{name}_count", labels, below);
        }
    }

    private static string Name(string name) => $"hearth_replica_{name}";

    private static KeyValuePair<string, string>[] Labels(ReplicaReport one) => [new("deployment", one.Resource), new("replica", one.Replica)];
}
