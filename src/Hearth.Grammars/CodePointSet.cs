namespace Hearth.Grammars;

/// <summary>A set of Unicode scalar values: sorted ranges that neither overlap nor touch. Surrogates are never in it.</summary>
public sealed class CodePointSet : IEquatable<CodePointSet>
{
    private const int Last = 0x10FFFF;
    private readonly (int First, int Last)[] _ranges;

    private CodePointSet((int, int)[] ranges) => _ranges = ranges;

    /// <summary>Every scalar value.</summary>
    public static CodePointSet All { get; } = Of([(0, Last)]);

    /// <summary>No code point.</summary>
    public static CodePointSet None { get; } = new([]);

    /// <summary>The ranges, ascending.</summary>
    public ReadOnlySpan<(int First, int Last)> Ranges => _ranges;

    /// <summary>True where nothing is in it.</summary>
    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>The characters of a text.</summary>
    public static CodePointSet Of(string characters) => Of(characters.EnumerateRunes().Select(rune => (rune.Value, rune.Value)));

    /// <summary>A single code point.</summary>
    public static CodePointSet Of(int codePoint) => Of([(codePoint, codePoint)]);

    /// <summary>The union of ranges; what lies among the surrogates is left out.</summary>
    public static CodePointSet Of(IEnumerable<(int First, int Last)> ranges)
    {
        var merged = new List<(int First, int Last)>();
        foreach (var range in ranges.SelectMany(WithoutSurrogates).OrderBy(range => range.First))
        {
            if (merged.Count > 0 && range.First <= merged[^1].Last + 1) merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, range.Last));
            else merged.Add(range);
        }
        return new([.. merged]);
    }

    /// <summary>What is in either.</summary>
    public CodePointSet Union(CodePointSet other) => Of(_ranges.Concat(other._ranges));

    /// <summary>What is in neither.</summary>
    public CodePointSet Complement()
    {
        var gaps = new List<(int, int)>();
        int next = 0;
        foreach (var (first, last) in _ranges)
        {
            if (next < first) gaps.Add((next, first - 1));
            next = last + 1;
        }
        if (next <= Last) gaps.Add((next, Last));
        return Of(gaps);
    }

    /// <summary>What is in both.</summary>
    public CodePointSet Intersect(CodePointSet other)
    {
        var both = new List<(int, int)>();
        for (int i = 0, j = 0; i < _ranges.Length && j < other._ranges.Length;)
        {
            int first = Math.Max(_ranges[i].First, other._ranges[j].First), last = Math.Min(_ranges[i].Last, other._ranges[j].Last);
            if (first <= last) both.Add((first, last));
            if (_ranges[i].Last < other._ranges[j].Last) i++;
            else j++;
        }
        return Of(both);
    }

    /// <summary>What is here and not there.</summary>
    public CodePointSet Except(CodePointSet other) => Intersect(other.Complement());

    /// <summary>Whether a code point is in it.</summary>
    public bool Contains(int codePoint) => Array.Exists(_ranges, range => range.First <= codePoint && codePoint <= range.Last);

    /// <inheritdoc/>
    public bool Equals(CodePointSet? other) => other is not null && _ranges.AsSpan().SequenceEqual(other._ranges);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CodePointSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _ranges.Aggregate(17, (hash, range) => HashCode.Combine(hash, range.First, range.Last));

    private static IEnumerable<(int First, int Last)> WithoutSurrogates((int First, int Last) range)
    {
        if (range.First < 0xD800 && range.First <= range.Last) yield return (range.First, Math.Min(range.Last, 0xD7FF));
        if (range.Last > 0xDFFF) yield return (Math.Max(range.First, 0xE000), range.Last);
    }
}
