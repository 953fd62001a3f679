namespace Hearth.ControlPlane;

/// <summary>The rows of a checked file as they stand there: byte order mark, blank lines and line ends left out.</summary>
internal static class DatasetLines
{
    /// <summary>Yields each row's bytes; usable until the next one is asked for.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Read(Stream file)
    {
        var blocks = new LineBlocks(file, DatasetValidator.MaxLineBytes);
        while (blocks.Next() is { } block)
        {
            var rest = WithoutMark(block);
            while (rest.Length > 0)
            {
                var end = rest.Span.IndexOf((byte)'\n');
                var line = (end < 0 ? rest : rest[..end]).TrimEnd("\r"u8);
                if (line.Span.IndexOfAnyExcept(" \t"u8) >= 0) yield return line;
                rest = end < 0 ? default : rest[(end + 1)..];
            }
            blocks.Return(block);
        }
    }

    private static ReadOnlyMemory<byte> WithoutMark(LineBlock block)
    {
        var bytes = block.Buffer.AsMemory(0, block.Length);
        return block.Offset == 0 && bytes.Span.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
    }
}
