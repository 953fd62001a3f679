namespace Hearth.Training;

/// <summary>Packs an endless sequence of rendered curriculum rows into steps. A function of the next row's number, so that a resumed run sees the same steps.</summary>
internal sealed class PretrainStream(Func<long, TokenizedRow> rowAt, PretrainOptions options, long nextRow)
{
    /// <summary>First row of the next step.</summary>
    public long NextRow { get; private set; } = nextRow;

    /// <summary>The next step: <see cref="PretrainOptions.RowsPerStep"/> packed rows, each filled until the next example does not fit.</summary>
    public PlannedStep Next()
    {
        var rows = new List<PackedRow>(options.RowsPerStep);
        for (int i = 0; i < options.RowsPerStep; i++) rows.Add(NextPackedRow());
        return new PlannedStep(rows, EpochAtEnd: 0);
    }

    private PackedRow NextPackedRow()
    {
        var segments = new List<TokenizedRow>();
        int length = 0;
        while (true)
        {
            var row = rowAt(NextRow);
            int needed = row.TokenIds.Length - 1;
            if (needed > options.ContextLength)
                throw new TrainingException($"Curriculum row {NextRow} has {needed + 1} tokens, above the context of {options.ContextLength}. Shorten that task.");
            if (length + needed > options.ContextLength) break;
            segments.Add(row);
            length += needed;
            NextRow++;
        }
        return new PackedRow(segments);
    }
}
