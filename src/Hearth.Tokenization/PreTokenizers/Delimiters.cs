using System.Runtime.InteropServices;

namespace Hearth.Tokenization;

/// <summary>Cuts a piece at its delimiters. Ranges are unit indices within the piece, in order, not overlapping.</summary>
internal static class Delimiters
{
    private record struct Part(int Start, int End, bool IsDelimiter);

    public static void Cut(
        Piece piece, List<(int Start, int End)> matches, SplitBehavior behavior, bool invert, List<Piece> output)
    {
        if (behavior == SplitBehavior.Isolated) // The common case needs no list of parts; inverting it changes nothing.
        {
            CutIsolated(piece, matches, output);
            return;
        }

        foreach (var part in Join(PartsOf(piece.Length, matches, invert), behavior))
            Emit(piece, part.Start, part.End, output);
    }

    private static void CutIsolated(Piece piece, List<(int Start, int End)> matches, List<Piece> output)
    {
        var position = 0;
        foreach (var (start, end) in matches)
        {
            Emit(piece, position, start, output);
            Emit(piece, start, end, output);
            position = end;
        }

        Emit(piece, position, piece.Length, output);
    }

    private static void Emit(Piece piece, int start, int end, List<Piece> output)
    {
        if (start < end) output.Add(new Piece(piece.Buffer, piece.Start + start, piece.Start + end));
    }

    private static List<Part> PartsOf(int length, List<(int Start, int End)> matches, bool invert)
    {
        var parts = new List<Part>(matches.Count * 2 + 1);
        var position = 0;
        foreach (var (start, end) in matches)
        {
            if (position < start) parts.Add(new Part(position, start, invert));
            parts.Add(new Part(start, end, !invert));
            position = end;
        }

        if (position < length) parts.Add(new Part(position, length, invert));
        return parts;
    }

    private static List<Part> Join(List<Part> parts, SplitBehavior behavior) => behavior switch
    {
        SplitBehavior.Removed => parts.FindAll(part => !part.IsDelimiter),
        SplitBehavior.Contiguous => JoinWhere(parts, (previous, part) => previous == part.IsDelimiter),
        SplitBehavior.MergedWithPrevious => JoinWhere(parts, (previous, part) => part.IsDelimiter && !previous),
        SplitBehavior.MergedWithNext => JoinWithNext(parts),
        _ => parts,
    };

    private static List<Part> JoinWhere(List<Part> parts, Func<bool, Part, bool> joins)
    {
        var joined = new List<Part>(parts.Count);
        var previous = false;
        foreach (var part in parts)
        {
            if (joined.Count > 0 && joins(previous, part)) CollectionsMarshal.AsSpan(joined)[^1].End = part.End;
            else joined.Add(part);
            previous = part.IsDelimiter;
        }

        return joined;
    }

    private static List<Part> JoinWithNext(List<Part> parts)
    {
        var joined = new List<Part>(parts.Count);
        var following = false;
        for (var i = parts.Count - 1; i >= 0; i--)
        {
            if (joined.Count > 0 && parts[i].IsDelimiter && !following)
                CollectionsMarshal.AsSpan(joined)[^1].Start = parts[i].Start;
            else joined.Add(parts[i]);
            following = parts[i].IsDelimiter;
        }

        joined.Reverse();
        return joined;
    }
}
