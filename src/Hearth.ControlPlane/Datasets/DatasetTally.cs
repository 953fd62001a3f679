namespace Hearth.ControlPlane;

/// <summary>Joins the blocks' results, in order, to the report of a file.</summary>
internal sealed class DatasetTally(ValidationOptions options, Action<RowFault> onFault)
{
    private readonly long[] _features = new long[RowFeaturesExtensions.Count];
    private readonly LengthCounter _rowBytes = new();
    private readonly List<RowFault> _kept = [];
    private readonly List<long> _indexOffsets = [], _indexLines = [];
    private readonly IdTable _ids = new();
    private long _faultCount, _rowLines, _rows, _trainable, _turns, _textBytes, _firstPrompt, _bytes;

    /// <summary>Lines joined so far.</summary>
    public long Lines { get; private set; }

    /// <summary>What the first good row has settled; null before it.</summary>
    public SettledRows? Settled { get; private set; }

    /// <summary>Lines that hold something, good or bad.</summary>
    public long RowLines => _rowLines;

    public void Add(BlockResult result)
    {
        Settled ??= result.Settled;
        AddFaults(result);
        foreach (var (line, offset) in result.RowStarts)
        {
            if (_rowLines++ % RowIndex.Every != 0) continue;
            _indexOffsets.Add(offset);
            _indexLines.Add(Lines + line + 1);
        }
        if (result.FirstPrompt >= 0 && _firstPrompt == 0) _firstPrompt = Lines + result.FirstPrompt + 1;
        for (var i = 0; i < _features.Length; i++) _features[i] += result.Features[i];
        _rows += result.Rows;
        _trainable += result.TrainableRows;
        _turns += result.Turns;
        _textBytes += result.TextBytes;
        _rowBytes.Add(result.RowBytes);
        _bytes = result.Block.Offset + result.Block.Length;
        Lines += result.Lines;
    }

    public void Fault(RowFault fault)
    {
        _faultCount++;
        fault = options.Locate?.Invoke(fault) ?? fault;
        if (_kept.Count < DatasetReport.MaxFaultsKept) _kept.Add(fault);
        onFault(fault);
    }

    public DatasetReport ToReport()
    {
        var format = Settled?.Format ?? RowFormat.Unknown;
        if (format == RowFormat.Chat && Feature(RowFeatures.Prompt) == _rows) format = RowFormat.Prompts;
        return new()
        {
            File = options.FileName,
            Bytes = _bytes,
            Format = RowFormats.ContractName(format),
            HearthFormat = RowFormats.NameOf(format),
            Rows = _rows,
            TrainableRows = _trainable,
            Features = Features(),
            Turns = _turns,
            AverageTurns = _rows == 0 ? 0 : (double)_turns / _rows,
            EstimatedTokens = _textBytes / BytesPerToken,
            RowBytes = _rowBytes.ToHistogram(),
            FaultCount = _faultCount,
            Faults = _kept,
            Warnings = [.. Warnings(format)],
            Index = new() { Offsets = _indexOffsets, Lines = _indexLines },
        };
    }

    // Rough, until a tokenizer counts: English text has about four bytes a token.
    private const int BytesPerToken = 4;

    // Faults of lines and ids that stand twice, in order of line.
    private void AddFaults(BlockResult result)
    {
        var next = 0;
        foreach (var row in result.Ids)
        {
            for (; next < result.Faults.Count && result.Faults[next].Line < row.Line; next++) Fault(result.Faults[next].ToFault(Lines + 1));
            var first = _ids.Add(row.Id, Lines + row.Line + 1);
            if (first == 0) continue;
            result.TakeBack(row);
            Fault(new LineProblem(row.Line, row.Offset, BatchRows.Twice(first)).ToFault(Lines + 1));
        }
        for (; next < result.Faults.Count; next++) Fault(result.Faults[next].ToFault(Lines + 1));
    }

    private IEnumerable<string> Warnings(RowFormat format)
    {
        var prompts = Feature(RowFeatures.Prompt);
        if (format == RowFormat.Chat && prompts > 0)
            yield return $"{prompts:N0} of {_rows:N0} rows end before an answer, the first one on line {_firstPrompt}.";
        if (options.ClaimedRows is not (null or 0) && options.ClaimedRows != _rows)
            yield return $"exampleCount said {options.ClaimedRows} rows; the file has {_rows}.";
        var untrained = _rows - _trainable;
        if (format is RowFormat.Chat or RowFormat.Kto or RowFormat.Completion && untrained > 0)
            yield return $"{untrained:N0} of {_rows:N0} rows have nothing to train on: no answer of the assistant with a weight above 0.";
    }

    private long Feature(RowFeatures feature) => _features[System.Numerics.BitOperations.Log2((uint)feature)];

    private FeatureRows Features() => new()
    {
        Tools = Feature(RowFeatures.Tools),
        Thinking = Feature(RowFeatures.Thinking),
        Images = Feature(RowFeatures.Images),
        MessageWeights = Feature(RowFeatures.MessageWeights),
        SampleWeights = Feature(RowFeatures.SampleWeight),
        Prompts = Feature(RowFeatures.Prompt),
        GroundTruth = Feature(RowFeatures.GroundTruth),
    };
}
