using System.Diagnostics;
using System.Diagnostics.Metrics;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>What the server counts, beside what ASP.NET Core and the runtime count by themselves. Nothing leaves the machine unless somebody asks for it.</summary>
internal sealed class Instruments : IDisposable
{
    public const string MeterName = "Hearth";

    /// <summary>Spans of our own.</summary>
    public static readonly ActivitySource Spans = new("Hearth");

    private static readonly double[] Seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

    private readonly Meter _meter;
    private readonly IStore _store;
    private readonly Counter<long> _tokens, _commits, _rows, _jobsCreated, _jobsEnded;

    public Instruments(IMeterFactory meters, IStore store)
    {
        _store = store;
        _meter = meters.Create(MeterName);
        _tokens = _meter.CreateCounter<long>("hearth.tokens", "{token}", "Tokens on usage rows, by kind: prompt (cached ones included), cached, completion, trained.");
        _commits = _meter.CreateCounter<long>("hearth.store.commits", "{commit}", "Changes that became durable.");
        _rows = _meter.CreateCounter<long>("hearth.store.rows", "{row}", "Resource rows written, by operation.");
        _jobsCreated = _meter.CreateCounter<long>("hearth.jobs.created", "{job}", "Jobs created.");
        _jobsEnded = _meter.CreateCounter<long>("hearth.jobs.ended", "{job}", "Jobs whose process ended for good, by state.");
        FirstToken = Histogram("hearth.generation.first_token", "Time from a routed request to its first token.");
        Generation = Histogram("hearth.generation.duration", "Time from a routed request to its last token.");
        Active = _meter.CreateUpDownCounter<long>("hearth.generation.active", "{request}", "Requests on replicas now.");
        CommitTime = Histogram("hearth.store.commit.duration", "Time until a verb's change was durable, waiting included, by outcome.");
        store.Committed += OnCommitted;
    }

    public Histogram<double> FirstToken { get; }
    public Histogram<double> Generation { get; }
    public UpDownCounter<long> Active { get; }
    public Histogram<double> CommitTime { get; }

    public ObservableGauge<long> Gauge(string name, string unit, string description, Func<IEnumerable<Measurement<long>>> read) =>
        _meter.CreateObservableGauge(name, read, unit, description);

    public void Dispose()
    {
        _store.Committed -= OnCommitted;
        _meter.Dispose();
    }

    private Histogram<double> Histogram(string name, string description) =>
        _meter.CreateHistogram(name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });

    private void OnCommitted(Change change)
    {
        _commits.Add(1);
        Rows("insert", change.Inserts.Count);
        Rows("update", change.Updates.Count);
        Rows("delete", change.Deletes.Count);
        foreach (var usage in change.Usage) CountTokens(usage);
        foreach (var row in change.Inserts.Where(IsJob)) _jobsCreated.Add(1, new KeyValuePair<string, object?>("kind", row.Name.Kind));
        foreach (var row in change.Updates.Where(row => IsJob(row) && change.Unassigned.Contains(row.Name.Value))) // a job ends with its assignment
            _jobsEnded.Add(1, new("kind", row.Name.Kind), new("state", row.State));
    }

    private void CountTokens(UsageEntry usage)
    {
        var model = new KeyValuePair<string, object?>("model", usage.Model);
        Tokens("prompt", usage.PromptTokens);
        Tokens("cached", usage.CachedTokens);
        Tokens("completion", usage.CompletionTokens);
        Tokens("trained", usage.TrainedTokens);

        void Tokens(string kind, long count)
        {
            if (count > 0) _tokens.Add(count, new("kind", kind), model);
        }
    }

    private void Rows(string operation, int count)
    {
        if (count > 0) _rows.Add(count, new KeyValuePair<string, object?>("operation", operation));
    }

    private static bool IsJob(ResourceRow row) => row.Name.Kind.EndsWith("Jobs", StringComparison.Ordinal);
}
