namespace Hearth.ControlPlane;

/// <summary>
/// Checks a JSON Lines file in one pass and reports every fault. One thread reads and cuts the file into blocks of lines, others check blocks, and
/// the results are joined in order: the same report on any number of threads, in memory bounded by a few blocks and the longest line.
/// </summary>
public static class DatasetValidator
{
    public const int MinRows = 3;
    public const int MaxRows = 3_000_000;
    public const int MaxLineBytes = 64 << 20;

    /// <summary>A block larger than this is checked alone, so that a few long lines do not fill the memory.</summary>
    private const int LargeBlock = 4 << 20;

    /// <summary>Checks a file; the report keeps the first <see cref="DatasetReport.MaxFaultsKept"/> faults.</summary>
    public static DatasetReport Validate(Stream file, string fileName, CancellationToken cancellationToken) =>
        Validate(file, new() { FileName = fileName }, _ => { }, cancellationToken);

    /// <summary>Checks a file; <paramref name="onFault"/> is given every fault, in order of line, on the calling thread.</summary>
    public static DatasetReport Validate(Stream file, ValidationOptions options, Action<RowFault> onFault, CancellationToken cancellationToken)
    {
        var tally = new DatasetTally(options, onFault);
        var blocks = new LineBlocks(file, MaxLineBytes);
        var pipeline = new Pipeline(tally, blocks, options);
        while (blocks.Next() is { } block)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (block.IsTooLong)
            {
                pipeline.Drain();
                tally.Fault(new(tally.Lines + 1, block.Offset, $"the line is longer than {MaxLineBytes >> 20} MB", "Split the row. The rest of the file was not read."));
                return tally.ToReport();
            }
            pipeline.Add(block);
            if (tally.RowLines > MaxRows) break;
        }
        pipeline.Drain();
        CheckCount(tally, blocks.Offset);
        return tally.ToReport();
    }

    private static void CheckCount(DatasetTally tally, long end)
    {
        if (tally.RowLines < MinRows)
            tally.Fault(new(tally.Lines + 1, end, $"the file has {tally.RowLines} rows, at least {MinRows} are needed", "Add rows, one JSON object per line."));
        if (tally.RowLines > MaxRows)
            tally.Fault(new(tally.Lines, end, $"the file has more than {MaxRows:N0} rows", "Split it into several datasets. The rest of the file was not read."));
    }

    /// <summary>Blocks on their way through the checkers, oldest first. A checker is free again once its result has been joined.</summary>
    private sealed class Pipeline(DatasetTally tally, LineBlocks blocks, ValidationOptions options)
    {
        private readonly Queue<(Task Work, BlockCheck Check)> _running = [];
        private readonly Stack<BlockCheck> _idle = [];

        public void Add(LineBlock block)
        {
            if (tally.Settled is not { } settled || options.Threads < 2 || block.Length > LargeBlock)
            {
                Drain();
                var first = Idle();
                first.Run(block, tally.Settled, tally.Lines + 1, options.Format);
                Join(first);
                return;
            }
            if (_running.Count > options.Threads) JoinOldest();
            var check = Idle();
            _running.Enqueue((Task.Run(() => check.Run(block, settled, firstLine: 0, options.Format)), check));
        }

        public void Drain()
        {
            while (_running.Count > 0) JoinOldest();
        }

        private void JoinOldest()
        {
            var (work, check) = _running.Dequeue();
            work.GetAwaiter().GetResult();
            Join(check);
        }

        private void Join(BlockCheck check)
        {
            tally.Add(check.Result);
            blocks.Return(check.Result.Block);
            _idle.Push(check);
        }

        private BlockCheck Idle() => _idle.TryPop(out var check) ? check : new();
    }
}

/// <summary>How a file is checked.</summary>
public sealed record ValidationOptions
{
    public string FileName { get; init; } = "";
    /// <summary>The format that every row must have; Unknown: the one of the first good row.</summary>
    public RowFormat Format { get; init; }
    /// <summary>How many rows the file is said to have; a difference is a warning. Null or 0: nothing was said.</summary>
    public long? ClaimedRows { get; init; }
    /// <summary>Where a fault is, where the file is several in a row; null: where it was found.</summary>
    public Func<RowFault, RowFault>? Locate { get; init; }
    /// <summary>Threads that check; one more reads.</summary>
    public int Threads { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 4);
}
