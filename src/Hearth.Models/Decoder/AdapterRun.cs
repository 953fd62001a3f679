namespace Hearth.Models;

/// <summary>Consecutive rows that use one adapter.</summary>
internal readonly record struct AdapterRun(int Start, int Count, LoraAdapter Adapter)
{
    /// <summary>Runs of a batch: neighbouring segments with one adapter are joined; rows of the base model have none.</summary>
    public static AdapterRun[] Of(ForwardBatch batch)
    {
        var runs = new List<AdapterRun>();
        for (int i = 0; i < batch.Segments.Length; i++)
        {
            if (batch.Adapters[i] is not { } adapter) continue;
            var segment = batch.Segments[i];
            if (runs.Count > 0 && runs[^1] is var last && last.Adapter == adapter && last.Start + last.Count == segment.QueryStart)
                runs[^1] = last with { Count = last.Count + segment.QueryCount };
            else
                runs.Add(new AdapterRun(segment.QueryStart, segment.QueryCount, adapter));
        }
        return [.. runs];
    }
}
