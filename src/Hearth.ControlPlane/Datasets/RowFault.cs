namespace Hearth.ControlPlane;

/// <summary>A rejected line: where it is, which rule it breaks, and what to do.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Offset">Byte offset of the line's first byte in the file.</param>
public sealed record RowFault(long Line, long Offset, string Rule, string Remedy)
{
    /// <summary>The file that line and offset are in, where a dataset has several.</summary>
    public string? File { get; init; }

    public string Describe(string file) => $"{File ?? file}:{Line} (byte {Offset}): {Rule}. {Remedy}";
}
