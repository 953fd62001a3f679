namespace Hearth.Tokenization;

/// <summary>Merges neighbouring symbols, best rank first, leftmost among equals: O(n log n) with a queue over a linked list.</summary>
internal static class PairMerger
{
    private record struct Node(int Id, int ByteLength, int Previous, int Next);

    public static Symbol[] Merge(List<Symbol> symbols, Dictionary<(int Left, int Right), (int Rank, int Merged)> merges)
    {
        if (symbols.Count < 2) return [.. symbols];

        var nodes = new Node[symbols.Count];
        for (var i = 0; i < nodes.Length; i++)
            nodes[i] = new Node(symbols[i].Id, symbols[i].ByteLength, i - 1, i + 1 < nodes.Length ? i + 1 : -1);

        var queue = new PriorityQueue<(int Position, int Merged), long>();
        for (var i = 0; i + 1 < nodes.Length; i++) Enqueue(nodes, i, merges, queue);

        while (queue.TryDequeue(out var candidate, out _))
        {
            ref var left = ref nodes[candidate.Position];
            if (left.ByteLength == 0 || left.Next < 0) continue;
            ref var right = ref nodes[left.Next];
            // An earlier merge may have changed the pair since it was queued.
            if (!merges.TryGetValue((left.Id, right.Id), out var merge) || merge.Merged != candidate.Merged) continue;

            left = left with { Id = merge.Merged, ByteLength = left.ByteLength + right.ByteLength, Next = right.Next };
            right.ByteLength = 0;
            if (left.Next >= 0) nodes[left.Next].Previous = candidate.Position;
            if (left.Previous >= 0) Enqueue(nodes, left.Previous, merges, queue);
            Enqueue(nodes, candidate.Position, merges, queue);
        }

        return Remaining(nodes);
    }

    private static void Enqueue(
        Node[] nodes, int position, Dictionary<(int Left, int Right), (int Rank, int Merged)> merges,
        PriorityQueue<(int Position, int Merged), long> queue)
    {
        var next = nodes[position].Next;
        if (next >= 0 && merges.TryGetValue((nodes[position].Id, nodes[next].Id), out var merge))
            queue.Enqueue((position, merge.Merged), ((long)merge.Rank << 32) | (uint)position);
    }

    private static Symbol[] Remaining(Node[] nodes)
    {
        var merged = new List<Symbol>(nodes.Length);
        for (var i = 0; i >= 0; i = nodes[i].Next) merged.Add(new Symbol(nodes[i].Id, nodes[i].ByteLength));
        return [.. merged];
    }
}
