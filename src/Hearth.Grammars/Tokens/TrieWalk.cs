namespace Hearth.Grammars;

/// <summary>Runs an automaton over all tokens of a trie at once.</summary>
internal static class TrieWalk
{
    /// <summary>Finds the tokens that a state can read, and those that die only after the end of the text was possible.</summary>
    /// <param name="trie">The tokens.</param>
    /// <param name="start">The state before them.</param>
    /// <param name="allowed">Takes the tokens that can be read.</param>
    /// <param name="outlived">Takes the tokens that go on behind a possible end; null: they are not wanted.</param>
    public static void Run(TokenTrie trie, GrammarState start, Action<int> allowed, Action<int>? outlived = null)
    {
        var states = new GrammarState[trie.Depth + 1];
        var ended = new bool[trie.Depth + 1];
        states[0] = start;
        int[] firstTokens = trie.FirstTokens, tokens = trie.Tokens;
        for (int node = 0; node < trie.Labels.Length;)
        {
            int depth = trie.Depths[node];
            var next = states[depth].Next(trie.Labels[node]);
            if (next.IsDead)
            {
                int end = trie.Ends[node];
                if (outlived is not null && ended[depth])
                    for (int i = firstTokens[node]; i < firstTokens[end]; i++) outlived(tokens[i]);
                node = end;
                continue;
            }
            states[depth + 1] = next;
            ended[depth + 1] = ended[depth] || next.IsComplete;
            for (int i = firstTokens[node]; i < firstTokens[node + 1]; i++) allowed(tokens[i]);
            node++;
        }
    }
}
