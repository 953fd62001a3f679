namespace Hearth.Numerics;

/// <summary>
/// The rows of a batch, grouped by the experts that they are sent to. A slot is one row in one group: groups in ascending order of experts, rows ascending
/// inside a group. What lies in a group, and where, changes no bit of a row's result (E1, E11).
/// </summary>
public readonly struct ExpertGroups
{
    private readonly IntBuffer _starts;
    private readonly IntBuffer _rows;
    private readonly IntBuffer _slots;

    private ExpertGroups(IntBuffer starts, IntBuffer rows, IntBuffer slots) => (_starts, _rows, _slots) = (starts, rows, slots);

    /// <summary>First slot of each expert and, last, the number of slots, [X + 1].</summary>
    public ReadOnlySpan<int> Starts => _starts.Span;

    /// <summary>Row of each slot.</summary>
    public ReadOnlySpan<int> Rows => _rows.Span;

    /// <summary>Slot of each choice, [T, perToken].</summary>
    public ReadOnlySpan<int> Slots => _slots.Span;

    /// <summary>Number of experts.</summary>
    public int Experts => _starts.Length - 1;

    /// <summary>Groups the choices of <see cref="Kernels.RouteTopK"/>, [T, perToken].</summary>
    /// <exception cref="ArgumentException">There are no whole rows, or a choice is no expert.</exception>
    public static ExpertGroups Of(ReadOnlySpan<int> chosen, int perToken, int experts, Arena arena)
    {
        Shapes.Rows(chosen.Length, perToken, nameof(ExpertGroups), nameof(chosen));
        var groups = new ExpertGroups(arena.TakeIntegers(experts + 1), arena.TakeIntegers(chosen.Length), arena.TakeIntegers(chosen.Length));
        groups.Fill(chosen, perToken);
        return groups;
    }

    private void Fill(ReadOnlySpan<int> chosen, int perToken)
    {
        Span<int> starts = _starts, rows = _rows, slots = _slots;
        starts.Clear();
        foreach (int expert in chosen)
        {
            if ((uint)expert >= (uint)Experts) throw new ArgumentException($"ExpertGroups: expert {expert} is not one of {Experts}.", nameof(chosen));
            starts[expert + 1]++;
        }
        for (int expert = 1; expert <= Experts; expert++) starts[expert] += starts[expert - 1];
        for (int choice = 0; choice < chosen.Length; choice++)
        {
            int slot = starts[chosen[choice]]++; // the start moves to the next expert's and is set back below
            rows[slot] = choice / perToken;
            slots[choice] = slot;
        }
        for (int expert = Experts; expert > 0; expert--) starts[expert] = starts[expert - 1];
        starts[0] = 0;
    }

    /// <summary>The slots of an expert whose rows are <paramref name="firstRow"/> .. + <paramref name="rows"/>: one stretch, because rows ascend.</summary>
    public (int Start, int Count) Within(int expert, int firstRow, int rows)
    {
        int start = Starts[expert], end = Starts[expert + 1];
        var group = Rows[start..end];
        int from = CountBelow(group, firstRow), to = CountBelow(group, firstRow + rows);
        return (start + from, to - from);
    }

    private static int CountBelow(ReadOnlySpan<int> ascending, int limit)
    {
        int index = ascending.BinarySearch(limit); // no row appears twice
        return index < 0 ? ~index : index;
    }

    /// <summary>The expert behind the last of those from <paramref name="first"/> on whose slots are together at most <paramref name="slots"/>; at least one expert.</summary>
    public int EndOfWave(int first, int slots)
    {
        var starts = Starts;
        int end = first + 1;
        while (end < Experts && starts[end + 1] - starts[first] <= slots) end++;
        return end;
    }
}
