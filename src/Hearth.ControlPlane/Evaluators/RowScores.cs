using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>Means over scored rows in <c>eval-protocol</c>'s form, read in one pass: <c>evaluation_result.score</c>, its metrics, and <c>evals</c>.</summary>
internal sealed class RowScores
{
    private const int MaxNames = 1000;
    private readonly SortedDictionary<string, (double Sum, long Count)> _sums = new(StringComparer.Ordinal);
    private long _rows, _scored;

    public static RowScores Read(string path, CancellationToken cancellationToken)
    {
        var scores = new RowScores();
        foreach (var line in File.ReadLines(path))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (string.IsNullOrWhiteSpace(line)) continue;
            using var row = JsonDocument.Parse(line);
            scores.Add(row.RootElement);
        }
        return scores;
    }

    /// <summary>The overall mean under <c>score</c>, those of metrics under their names, and how many rows count.</summary>
    public IReadOnlyDictionary<string, double> Means()
    {
        var means = _sums.ToDictionary(sum => sum.Key, sum => sum.Value.Sum / sum.Value.Count);
        means["rows"] = _rows;
        means["rows_scored"] = _scored;
        return means;
    }

    public string Describe(string dataset)
    {
        var log = new StringBuilder();
        log.AppendLine(CultureInfo.InvariantCulture, $"{dataset}: {_rows} rows, {_scored} with a valid score");
        foreach (var (name, mean) in Means()) log.AppendLine(CultureInfo.InvariantCulture, $"{name}: {mean}");
        return log.ToString();
    }

    private void Add(JsonElement row)
    {
        _rows++;
        var before = _sums.GetValueOrDefault("score").Count;
        if (Field(row, "evaluation_result") is { } result && IsValid(result))
        {
            AddNumber("score", Field(result, "score"));
            foreach (var metric in Fields(result, "metrics"))
                if (metric.Value.ValueKind == JsonValueKind.Object && IsValid(metric.Value)) AddNumber(metric.Name, Field(metric.Value, "score"));
        }
        else if (Field(row, "evaluation_result") is null)
        {
            foreach (var eval in Fields(row, "evals")) AddNumber(eval.Name, eval.Value);
        }
        if (_sums.GetValueOrDefault("score").Count > before) _scored++;
    }

    private void AddNumber(string name, JsonElement? value)
    {
        if (value is not { ValueKind: JsonValueKind.Number } number || (_sums.Count >= MaxNames && !_sums.ContainsKey(name))) return;
        var (sum, count) = _sums.GetValueOrDefault(name);
        _sums[name] = (sum + number.GetDouble(), count + 1);
    }

    private static bool IsValid(JsonElement result) => Field(result, "is_score_valid") is not { ValueKind: JsonValueKind.False };

    private static JsonElement? Field(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var field) && field.ValueKind != JsonValueKind.Null ? field : null;

    private static IEnumerable<JsonProperty> Fields(JsonElement element, string name) =>
        Field(element, name) is { ValueKind: JsonValueKind.Object } fields ? fields.EnumerateObject() : [];
}
