using System.Numerics;
using System.Text.Json;
using System.Text.Unicode;

namespace Hearth.ControlPlane;

/// <summary>What the first good row of a file has settled for all others.</summary>
internal sealed record SettledRows(RowFormat Format, long FormatLine, bool HasWeights);

/// <summary>What the lines of a block hold. Line numbers count from the block's first line, 0; offsets are the file's.</summary>
internal sealed class BlockResult
{
    public LineBlock Block { get; private set; } = null!;
    public SettledRows? Settled { get; set; }
    public int Lines { get; set; }
    public List<LineProblem> Faults { get; } = [];
    public List<(int Line, long Offset)> RowStarts { get; } = [];
    public List<RowId> Ids { get; } = [];
    public long[] Features { get; } = new long[RowFeaturesExtensions.Count];
    public long Rows { get; set; }
    public long TrainableRows { get; set; }
    public long Turns { get; set; }
    public long TextBytes { get; set; }
    public LengthCounter RowBytes { get; private set; } = new();
    /// <summary>Lines that end before an answer, the first one; -1 where there is none.</summary>
    public int FirstPrompt { get; set; }

    /// <summary>Forgets the last block; its lists' memory stays.</summary>
    public void Begin(LineBlock block, SettledRows? settled)
    {
        (Block, Settled, Lines, FirstPrompt) = (block, settled, 0, -1);
        (Rows, TrainableRows, Turns, TextBytes, RowBytes) = (0, 0, 0, 0, new());
        Faults.Clear();
        RowStarts.Clear();
        Ids.Clear();
        Array.Clear(Features);
    }

    /// <summary>A row of a batch that was counted is none: its id stands twice.</summary>
    public void TakeBack(RowId row)
    {
        Rows--;
        Turns -= row.Turns;
        TextBytes -= row.Bytes;
        RowBytes.Remove(row.Bytes);
        Features[BitOperations.Log2((uint)RowFeatures.Prompt)]--;
    }
}

/// <summary>A row with an id that must be unique, and what it has added to the totals.</summary>
internal readonly record struct RowId(int Line, long Offset, ulong Id, int Turns, int Bytes);

/// <summary>A bad line; its number is known when the blocks are joined.</summary>
internal readonly record struct LineProblem(int Line, long Offset, RowProblem Problem)
{
    public const string InvalidJson = "invalid JSON";

    public RowFault ToFault(long firstLine)
    {
        var rule = Problem.Rule.StartsWith(InvalidJson, StringComparison.Ordinal) ? Problem.Rule.Insert(InvalidJson.Length, $" on line {firstLine + Line}") : Problem.Rule;
        return new(firstLine + Line, Offset, rule, Problem.Remedy);
    }
}

/// <summary>Checks the lines of one block after the other. An instance is used by one thread at a time.</summary>
internal sealed class BlockCheck
{
    private readonly RowJson _json = new();

    /// <summary>What the last block holds; usable until the next one is begun.</summary>
    public BlockResult Result { get; } = new();

    /// <param name="settled">Null until a good row has been seen; then this block is the file's first or follows blocks of faults only.</param>
    /// <param name="firstLine">Number of the block's first line; only needed while nothing is settled.</param>
    /// <param name="wanted">Format that the caller asked for, or Unknown.</param>
    public void Run(LineBlock block, SettledRows? settled, long firstLine, RowFormat wanted)
    {
        Result.Begin(block, settled);
        var at = 0;
        while (at < block.Length)
        {
            var length = block.Bytes[at..].IndexOf((byte)'\n');
            var next = length < 0 ? block.Length : at + length + 1;
            Check(Result, at, length < 0 ? block.Length - at : length, firstLine, wanted);
            Result.Lines++;
            at = next;
        }
    }

    private void Check(BlockResult result, int at, int length, long firstLine, RowFormat wanted)
    {
        var offset = result.Block.Offset + at;
        var line = result.Block.Buffer.AsMemory(at, length);
        if (length > 0 && line.Span[^1] == '\r') line = line[..^1];
        if (offset == 0 && line.Span.StartsWith("\uFEFF"u8)) line = line[3..];
        if (line.Span.IndexOfAnyExcept((byte)' ', (byte)'\t') < 0) return; // blank lines are not rows
        result.RowStarts.Add((result.Lines, offset));
        if (ProblemOf(result, line, firstLine, wanted, out var facts) is { } problem)
        {
            result.Faults.Add(new(result.Lines, offset, problem));
            return;
        }
        result.Settled ??= new(wanted == RowFormat.Unknown ? facts.Format : wanted, firstLine + result.Lines, facts.Features.Holds(RowFeatures.SampleWeight));
        Count(result, facts, offset, line.Length);
    }

    private RowProblem? ProblemOf(BlockResult result, ReadOnlyMemory<byte> line, long firstLine, RowFormat wanted, out RowFacts facts)
    {
        facts = default;
        if (!Utf8.IsValid(line.Span)) return new("the line is not valid UTF-8", "Save the file as UTF-8.");
        try
        {
            var settled = result.Settled;
            var (format, formatLine) = wanted != RowFormat.Unknown ? (wanted, 0) : (settled?.Format ?? RowFormat.Unknown, settled?.FormatLine ?? 0);
            if (RowChecker.Check(_json.Parse(line), format, formatLine, out facts) is { } problem) return problem;
            return settled is null ? null : SampleWeights.CheckEvery(facts.Features.Holds(RowFeatures.SampleWeight), settled.HasWeights, settled.FormatLine);
        }
        catch (JsonException broken)
        {
            return Broken(broken);
        }
    }

    private static RowProblem Broken(JsonException broken)
    {
        var at = broken.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        var reason = (at < 0 ? broken.Message : broken.Message[..at]).TrimEnd('.');
        return new($"{LineProblem.InvalidJson}, byte {broken.BytePositionInLine} of the line: {reason}", "Write one complete JSON object per line.");
    }

    private static void Count(BlockResult result, RowFacts facts, long offset, int bytes)
    {
        result.Rows++;
        result.TrainableRows += facts.Trainable ? 1 : 0;
        result.Turns += facts.Turns;
        result.TextBytes += bytes - facts.ImageBytes;
        result.RowBytes.Add(bytes);
        for (var feature = 0; feature < result.Features.Length; feature++) result.Features[feature] += ((int)facts.Features >> feature) & 1;
        if (facts.Features.Holds(RowFeatures.Prompt) && result.FirstPrompt < 0) result.FirstPrompt = result.Lines;
        if (facts.Id != 0) result.Ids.Add(new(result.Lines, offset, facts.Id, facts.Turns, bytes));
    }
}
