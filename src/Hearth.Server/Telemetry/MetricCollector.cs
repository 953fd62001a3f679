using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Hearth.Server;

/// <summary>Listens to the meters of this server, the web server and the runtime, sums up, and writes what it has as Prometheus text.</summary>
internal sealed class MetricCollector : IDisposable
{
    private static readonly string[] Meters = [Instruments.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    private readonly IMeterFactory _scope;
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);

    public MetricCollector(IMeterFactory scope)
    {
        _scope = scope;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (IsOurs(instrument.Meter)) listener.EnableMeasurementEvents(instrument, _families.GetOrAdd(MetricFamily.NameOf(instrument), _ => new MetricFamily(instrument)));
        };
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.Start();
    }

    /// <summary>Asks the observed instruments and writes all families in order of name.</summary>
    public string Write()
    {
        _listener.RecordObservableInstruments();
        var text = new PrometheusText();
        foreach (var (_, family) in _families.OrderBy(family => family.Key, StringComparer.Ordinal)) family.Write(text);
        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    // Meters made through a factory belong to one server; the runtime's belong to the process.
    private bool IsOurs(Meter meter) => Meters.Contains(meter.Name) && (meter.Scope is null || ReferenceEquals(meter.Scope, _scope));
}
