using System.Diagnostics.Metrics;

namespace Hearth.Server;

/// <summary>One instrument's sums, a series for each set of tags.</summary>
internal sealed class MetricFamily
{
    /// <summary>Against tags without end: what comes later is counted in one series without tags.</summary>
    private const int MostSeries = 2_000;

    private static readonly double[] DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    private readonly string _name, _type, _help;
    private readonly bool _isObserved;
    private readonly double[]? _bounds;
    private readonly Dictionary<string, Series> _series = new(StringComparer.Ordinal);

    public MetricFamily(Instrument instrument)
    {
        var kind = Kind(instrument);
        (_name, _help) = (NameOf(instrument), string.IsNullOrEmpty(instrument.Description) ? instrument.Name : instrument.Description);
        _type = kind;
        _isObserved = instrument.IsObservable;
        _bounds = kind != "histogram" ? null : (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries?.ToArray() ?? DefaultBounds;
    }

    /// <summary>The name by the format's conventions: unit and <c>_total</c> at the end.</summary>
    public static string NameOf(Instrument instrument)
    {
        var name = PrometheusText.Name(instrument.Name);
        var unit = instrument.Unit switch { "s" => "_seconds", "ms" => "_milliseconds", "By" => "_bytes", _ => "" };
        if (!name.EndsWith(unit, StringComparison.Ordinal)) name += unit;
        return Kind(instrument) == "counter" && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = Labels(tags);
        var key = string.Join('\u0001', labels.Select(label => $"{label.Key}\u0002{label.Value}"));
        lock (_series)
        {
            if (!_series.TryGetValue(key, out var series))
            {
                if (_series.Count >= MostSeries) (key, labels) = ("", []);
                if (!_series.TryGetValue(key, out series)) _series[key] = series = new Series(labels, _bounds is null ? [] : new long[_bounds.Length]);
            }
            series.Add(value, _isObserved, _bounds);
        }
    }

    public void Write(PrometheusText text)
    {
        lock (_series)
        {
            if (_series.Count == 0) return;
            text.Family(_name, _type, _help);
            foreach (var series in _series.Values)
            {
                if (_bounds is null) text.Sample(_name, series.Labels, series.Sum);
                else WriteHistogram(text, series, _bounds);
            }
        }
    }

    private void WriteHistogram(PrometheusText text, Series series, double[] bounds)
    {
        long below = 0;
        for (var i = 0; i < bounds.Length; i++)
        {
            below += series.Buckets[i];
            text.Sample($"{_name}_bucket", [.. series.Labels, new("le", PrometheusText.Number(bounds[i]))], below);
        }
        text.Sample($"{_name}_bucket", [.. series.Labels, new("le", "+Inf")], series.Count);
        text.Sample($"{_name}_sum", series.Labels, series.Sum);
        text.Sample($"{_name}_count", series.Labels, series.Count);
    }

    private static string Kind(Instrument instrument)
    {
        var type = instrument.GetType();
        var name = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        return name == typeof(Counter<>) || name == typeof(ObservableCounter<>) ? "counter" : name == typeof(Histogram<>) ? "histogram" : "gauge";
    }

    private static KeyValuePair<string, string>[] Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new KeyValuePair<string, string>[tags.Length];
        for (var i = 0; i < tags.Length; i++)
            labels[i] = new(PrometheusText.Name(tags[i].Key), Convert.ToString(tags[i].Value, System.Globalization.CultureInfo.InvariantCulture) ?? "");
        Array.Sort(labels, (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return labels;
    }

    private sealed class Series(KeyValuePair<string, string>[] labels, long[] buckets)
    {
        public KeyValuePair<string, string>[] Labels => labels;
        public long[] Buckets => buckets;
        public double Sum { get; private set; }
        public long Count { get; private set; }

        public void Add(double value, bool isObserved, double[]? bounds)
        {
            Sum = isObserved ? value : Sum + value; // an observed instrument tells its whole value
            Count++;
            if (bounds is null) return;
            var bucket = Array.FindIndex(bounds, bound => value <= bound);
            if (bucket >= 0) buckets[bucket]++;
        }
    }
}
