using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>
/// What a model makes of a file's rows, as a JSON object written while it is counted: tokens of every row, totals, lengths, rows that do not fit
/// and rows that would train nothing.
/// </summary>
public sealed class TokenReport(Utf8JsonWriter json, string model, IModelRows rows, int contextLength, bool isTrained)
{
    /// <summary>Of rows of a kind, so many are named; all are counted.</summary>
    private const int Listed = 1000;

    private const int Chunk = 256;

    private readonly LengthCounter _lengths = new();
    private readonly List<RowFault> _faults = [];
    private readonly List<long> _tooLong = [], _untrained = [];
    private long _tooLongCount, _untrainedCount, _faultCount, _trained, _rows;

    /// <summary>Reads the file from where it stands.</summary>
    public async ValueTask WriteAsync(Stream file, CancellationToken cancellationToken)
    {
        json.WriteStartObject();
        json.WriteString("model", model);
        json.WriteNumber("contextLength", contextLength);
        json.WriteStartArray("perRow");
        foreach (var chunk in RowReader.Read(file).Chunk(Chunk))
        {
            var lengths = await Task.Run(() => Measure(chunk), cancellationToken);
            for (var i = 0; i < chunk.Length; i++) Count(chunk[i], lengths[i]);
            await json.FlushAsync(cancellationToken);
        }
        json.WriteEndArray();
        WriteTotals();
        json.WriteEndObject();
    }

    // Half of the processors at most: requests are served meanwhile.
    private RowLength[] Measure(DatasetRow[] chunk)
    {
        var lengths = new RowLength[chunk.Length];
        var half = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, Environment.ProcessorCount / 2) };
        Parallel.For(0, chunk.Length, half, i => lengths[i] = rows.Measure(chunk[i].Text));
        return lengths;
    }

    private void Count(DatasetRow row, RowLength length)
    {
        json.WriteNumberValue(length.Tokens);
        _rows++;
        if (length.Fault is { } fault)
        {
            if (_faultCount++ < Listed) _faults.Add(new(row.Line, row.Offset, fault, "Mend the row, or use another model."));
            return;
        }
        _lengths.Add(length.Tokens);
        _trained += length.Trained;
        if (length.Longest > contextLength && _tooLongCount++ < Listed) _tooLong.Add(row.Number);
        if (isTrained && length.Trained == 0 && _untrainedCount++ < Listed) _untrained.Add(row.Number);
    }

    private void WriteTotals()
    {
        var histogram = _lengths.ToHistogram();
        json.WriteNumber("rows", _rows);
        json.WriteNumber("total", histogram.Sum);
        json.WriteNumber("trained", _trained);
        Write("histogram", histogram);
        Write("longerThanContext", _tooLongCount, _tooLong);
        Write("emptyLossMask", _untrainedCount, _untrained);
        json.WriteNumber("unreadableRows", _faultCount);
        Write("unreadable", _faults);
    }

    // The serializer would flush the writer, which must not wait for the network.
    private void Write<T>(string name, T value)
    {
        json.WritePropertyName(name);
        JsonSerializer.SerializeToElement(value, JsonSerializerOptions.Web).WriteTo(json);
    }

    private void Write(string name, long count, IReadOnlyList<long> numbers)
    {
        json.WriteStartObject(name);
        json.WriteNumber("count", count);
        json.WriteStartArray("rows");
        foreach (var number in numbers) json.WriteNumberValue(number);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
