namespace Hearth.Grammars;

/// <summary>Tokens by their bytes: a tree in depth-first order, so that its subtrees, and their tokens, are ranges of arrays.</summary>
internal sealed class TokenTrie
{
    private TokenTrie(byte[] labels, ushort[] depths, int[] ends, int[] firstTokens, int[] tokens, int depth)
    {
        Labels = labels;
        Depths = depths;
        Ends = ends;
        FirstTokens = firstTokens;
        Tokens = tokens;
        Depth = depth;
    }

    /// <summary>The byte on the way to a node.</summary>
    public byte[] Labels { get; }

    /// <summary>Bytes before that one.</summary>
    public ushort[] Depths { get; }

    /// <summary>The node behind a node's subtree.</summary>
    public int[] Ends { get; }

    /// <summary>Index of a node's first token in <see cref="Tokens"/>; those of node i end where those of node i + 1 begin.</summary>
    public int[] FirstTokens { get; }

    /// <summary>Ids in the order of their nodes.</summary>
    public int[] Tokens { get; }

    /// <summary>Bytes of the longest token.</summary>
    public int Depth { get; }

    /// <summary>A trie of some tokens.</summary>
    /// <param name="ids">The tokens.</param>
    /// <param name="bytesOf">Their bytes, at least one.</param>
    public static TokenTrie Build(IEnumerable<int> ids, Func<int, byte[]> bytesOf)
    {
        var sorted = ids.Select(id => (Id: id, Bytes: bytesOf(id))).ToArray();
        Array.Sort(sorted, static (a, b) => a.Bytes.AsSpan().SequenceCompareTo(b.Bytes) is not 0 and var order ? order : a.Id.CompareTo(b.Id));
        List<byte> labels = [];
        List<ushort> depths = [];
        List<int> firstTokens = [], ends = [];
        var path = new List<int>(); // nodes on the way to the last token
        byte[] last = [];
        for (int i = 0; i < sorted.Length; i++)
        {
            byte[] bytes = sorted[i].Bytes;
            int common = bytes.AsSpan().CommonPrefixLength(last);
            Leave(common);
            for (int depth = common; depth < bytes.Length; depth++)
            {
                path.Add(labels.Count);
                labels.Add(bytes[depth]);
                depths.Add((ushort)depth);
                firstTokens.Add(i);
                ends.Add(0);
            }
            last = bytes;
        }
        Leave(0);
        firstTokens.Add(sorted.Length);
        return new([.. labels], [.. depths], [.. ends], [.. firstTokens], [.. sorted.Select(token => token.Id)], depths.Count == 0 ? 0 : depths.Max() + 1);

        void Leave(int depth)
        {
            for (int i = depth; i < path.Count; i++) ends[path[i]] = labels.Count;
            path.RemoveRange(depth, path.Count - depth);
        }
    }
}
