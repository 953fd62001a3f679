using System.Text;

namespace Hearth.ControlPlane;

/// <summary>Walks the rows of a JSON Lines file: lines that hold something, without their ends.</summary>
public static class RowReader
{
    public static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.SequentialScan);

    /// <summary>Row <paramref name="number"/>, from 1; null where the file has fewer. Reads from the nearest indexed row on.</summary>
    public static DatasetRow? Find(string path, RowIndex index, long number)
    {
        using var file = Open(path);
        var entry = (int)Math.Min((number - 1) / RowIndex.Every, index.Offsets.Count - 1L);
        var (offset, line) = entry < 0 ? (0, 1) : (index.Offsets[entry], index.Lines[entry]);
        file.Position = offset;
        foreach (var row in Walk(file, offset, line, (Math.Max(entry, 0) * (long)RowIndex.Every) + 1))
            if (row.Number == number) return row.ToRow();
        return null;
    }

    /// <summary>The rows of a file.</summary>
    public static IEnumerable<DatasetRow> Read(Stream file) => Walk(file).Select(row => row.ToRow());

    /// <summary>The rows of a stream from where it stands, which is given in the file's own counts; no text is made of them.</summary>
    internal static IEnumerable<RowBytes> Walk(Stream file, long offset = 0, long line = 1, long number = 1)
    {
        var blocks = new LineBlocks(file, DatasetValidator.MaxLineBytes);
        while (blocks.Next() is { } block)
        {
            if (block.IsTooLong) throw HearthException.Invalid($"line {line} is longer than {DatasetValidator.MaxLineBytes >> 20} MB. Split the row.");
            for (int at = 0, length; at < block.Length; at += length, line++)
            {
                var end = block.Bytes[at..].IndexOf((byte)'\n');
                length = end < 0 ? block.Length - at : end + 1;
                var start = offset + block.Offset + at;
                var text = Trim(block.Buffer.AsMemory(at, length), start == 0);
                if (text.Span.IndexOfAnyExcept((byte)' ', (byte)'\t') >= 0) yield return new(number++, line, start, text);
            }
            blocks.Return(block);
        }
    }

    private static ReadOnlyMemory<byte> Trim(ReadOnlyMemory<byte> line, bool isFirst)
    {
        if (isFirst && line.Span.StartsWith("\uFEFF"u8)) line = line[3..];
        return line.TrimEnd("\r\n"u8);
    }
}

/// <summary>A row's bytes, usable until the next row is asked for; the rest as <see cref="DatasetRow"/> has it.</summary>
internal readonly record struct RowBytes(long Number, long Line, long Offset, ReadOnlyMemory<byte> Bytes)
{
    public DatasetRow ToRow() => new(Number, Line, Offset, Encoding.UTF8.GetString(Bytes.Span));
}
