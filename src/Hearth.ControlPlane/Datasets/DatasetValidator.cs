using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;

namespace Hearth.ControlPlane;

/// <summary>Reads a JSON Lines file once, line by line, in memory bounded by its longest line, and reports every fault.</summary>
public static class DatasetValidator
{
    public const int MinRows = 3;
    public const int MaxRows = 3_000_000;
    public const int MaxLineBytes = 64 << 20;

    // Rough, until a tokenizer counts: English text has about four bytes a token.
    private const int BytesPerToken = 4;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64 };

    public static DatasetReport Validate(Stream file, string fileName, CancellationToken cancellationToken)
    {
        var tally = new Tally();
        foreach (var line in Lines(file, tally, cancellationToken)) tally.Add(line);
        if (tally.Rows + tally.FaultCount < MinRows)
            tally.Fault(tally.Line + 1, tally.Offset, $"the file has {tally.Rows} rows, at least {MinRows} are needed", "Add rows, one JSON object per line.");
        if (tally.Rows > MaxRows)
            tally.Fault(tally.Line, tally.Offset, $"the file has more than {MaxRows:N0} rows", "Split it into several datasets.");
        return tally.ToReport(fileName);
    }

    /// <summary>Yields each line's bytes, without its end. The memory is reused.</summary>
    private static IEnumerable<ReadOnlyMemory<byte>> Lines(Stream file, Tally tally, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            int start = 0, end = 0, scanned = 0;
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var found = buffer.AsSpan(scanned, end - scanned).IndexOf((byte)'\n');
                if (found >= 0)
                {
                    var next = scanned + found + 1;
                    yield return Trim(buffer.AsMemory(start, next - 1 - start));
                    tally.Offset += next - start;
                    start = scanned = next;
                    continue;
                }
                scanned = end;
                if (end - start > MaxLineBytes)
                {
                    tally.Line++;
                    tally.Fault(tally.Line, tally.Offset, $"the line is longer than {MaxLineBytes >> 20} MB", "Split the row. The rest of the file was not read.");
                    yield break;
                }
                (buffer, start, end) = MakeRoom(buffer, start, end);
                scanned = end;
                var read = file.Read(buffer, end, buffer.Length - end);
                if (read == 0) break;
                end += read;
            }
            if (end > start) yield return Trim(buffer.AsMemory(start, end - start));
            tally.Offset += end - start;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static (byte[] Buffer, int Start, int End) MakeRoom(byte[] buffer, int start, int end)
    {
        if (end < buffer.Length) return (buffer, start, end);
        var target = start > 0 ? buffer : ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        Buffer.BlockCopy(buffer, start, target, 0, end - start);
        if (!ReferenceEquals(target, buffer)) ArrayPool<byte>.Shared.Return(buffer);
        return (target, 0, end - start);
    }

    private static ReadOnlyMemory<byte> Trim(ReadOnlyMemory<byte> line) =>
        line.Length > 0 && line.Span[^1] == '\r' ? line[..^1] : line;

    /// <summary>Faults and totals so far.</summary>
    private sealed class Tally
    {
        private readonly List<RowFault> _faults = [];
        private readonly long[] _formats = new long[Enum.GetValues<RowFormat>().Length];
        private long _trainable, _turns, _contentBytes;

        public long Line { get; set; }
        public long Offset { get; set; }
        public long Rows { get; private set; }
        public long FaultCount { get; private set; }

        public void Add(ReadOnlyMemory<byte> line)
        {
            Line++;
            if (Line == 1 && line.Span.StartsWith("\uFEFF"u8)) line = line[3..];
            if (line.Span.IndexOfAnyExcept((byte)' ', (byte)'\t') < 0) return; // blank lines are not rows
            if (!Utf8.IsValid(line.Span))
            {
                Fault(Line, Offset, "the line is not valid UTF-8", "Save the file as UTF-8.");
                return;
            }
            try
            {
                using var row = JsonDocument.Parse(line, Strict);
                if (RowChecker.Check(row.RootElement, out var facts) is { } fault) Fault(Line, Offset, fault.Rule, fault.Remedy);
                else Count(facts, line.Length);
            }
            catch (JsonException broken)
            {
                Fault(Line, Offset, $"invalid JSON on line {Line}, byte {broken.BytePositionInLine} of the line", "Write one complete JSON object per line.");
            }
        }

        public void Fault(long line, long offset, string rule, string remedy)
        {
            FaultCount++;
            if (_faults.Count < DatasetReport.MaxFaultsKept) _faults.Add(new(line, offset, rule, remedy));
        }

        public DatasetReport ToReport(string fileName) => new()
        {
            File = fileName,
            Bytes = Offset,
            Format = Format(),
            Rows = Rows,
            TrainableRows = _trainable,
            EstimatedTokens = _contentBytes / BytesPerToken,
            AverageTurns = Rows == 0 ? 0 : (double)_turns / Rows,
            FaultCount = FaultCount,
            Faults = _faults,
            Warnings = _formats.Count(rows => rows > 0) > 1 ? ["The file mixes row formats; a job reads only rows of its own format."] : [],
        };

        private void Count(RowFacts facts, int bytes)
        {
            Rows++;
            _formats[(int)facts.Format]++;
            _trainable += facts.Trainable ? 1 : 0;
            _turns += facts.Turns;
            _contentBytes += bytes;
        }

        private string Format() => Array.IndexOf(_formats, _formats.Max()) switch
        {
            _ when Rows == 0 => "FORMAT_UNSPECIFIED",
            (int)RowFormat.Chat => "CHAT",
            (int)RowFormat.Completion => "COMPLETION",
            (int)RowFormat.Samples => "RL",
            _ => "FORMAT_UNSPECIFIED",
        };
    }
}
