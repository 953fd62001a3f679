namespace Hearth.Inference;

/// <summary>Finds the tokens with the largest values; ties go to the lower id.</summary>
internal static class TopTokens
{
    /// <summary>Writes the ids of the largest values, largest first.</summary>
    /// <param name="values">[V].</param>
    /// <param name="ids">As many as are wanted; at most V.</param>
    public static void Write(ReadOnlySpan<float> values, Span<int> ids)
    {
        if (ids.IsEmpty) return;
        // A heap with the worst of the best at its root: most values are refused by one comparison.
        for (int id = 0; id < ids.Length; id++)
        {
            ids[id] = id;
            SiftUp(values, ids, id);
        }
        for (int id = ids.Length; id < values.Length; id++)
        {
            if (values[id] <= values[ids[0]]) continue; // an equal value has the higher id
            ids[0] = id;
            SiftDown(values, ids);
        }
        for (int end = ids.Length - 1; end > 0; end--)
        {
            (ids[0], ids[end]) = (ids[end], ids[0]);
            SiftDown(values, ids[..end]);
        }
    }

    /// <summary>Sorts ids by their values, largest first.</summary>
    public static void Sort(float[] values, Span<int> ids) => ids.Sort(new Order(values));

    /// <summary>The id of the largest value.</summary>
    public static int Largest(ReadOnlySpan<float> values)
    {
        int best = 0;
        for (int id = 1; id < values.Length; id++)
            if (values[id] > values[best]) best = id;
        return best;
    }

    private static bool IsWorse(ReadOnlySpan<float> values, int a, int b) => values[a] < values[b] || (values[a] == values[b] && a > b);

    private static void SiftUp(ReadOnlySpan<float> values, Span<int> heap, int node)
    {
        for (int parent; node > 0 && IsWorse(values, heap[node], heap[parent = (node - 1) / 2]); node = parent)
            (heap[node], heap[parent]) = (heap[parent], heap[node]);
    }

    private static void SiftDown(ReadOnlySpan<float> values, Span<int> heap)
    {
        for (int node = 0; ;)
        {
            int worst = node, left = 2 * node + 1, right = left + 1;
            if (left < heap.Length && IsWorse(values, heap[left], heap[worst])) worst = left;
            if (right < heap.Length && IsWorse(values, heap[right], heap[worst])) worst = right;
            if (worst == node) return;
            (heap[node], heap[worst]) = (heap[worst], heap[node]);
            node = worst;
        }
    }

    private readonly struct Order(float[] values) : IComparer<int>
    {
        public int Compare(int a, int b) => values[a] > values[b] ? -1 : values[a] < values[b] ? 1 : a.CompareTo(b);
    }
}
