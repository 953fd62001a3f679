using System.Runtime.InteropServices;

namespace Hearth.Inference;

/// <summary>How often a sequence has each token, for the penalties. Follows the sequence: preemption and recomputation do not change tokens.</summary>
internal sealed class TokenCounts(int promptTokens)
{
    private readonly Dictionary<int, int> _completion = []; // 0: only the prompt has it
    private int _counted;

    /// <summary>Tokens of prompt or completion with their number in the completion. The order is not defined: use it for independent changes only.</summary>
    public IEnumerable<KeyValuePair<int, int>> Counts => _completion;

    /// <summary>Counts a token that the sequence is about to have.</summary>
    public void Add(int tokenId)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_completion, tokenId, out _)++;
        _counted++;
    }

    /// <summary>Counts the tokens that are new since the last call.</summary>
    public void Update(ReadOnlySpan<int> tokens)
    {
        for (; _counted < tokens.Length; _counted++)
        {
            ref int count = ref CollectionsMarshal.GetValueRefOrAddDefault(_completion, tokens[_counted], out _);
            if (_counted >= promptTokens) count++;
        }
    }
}
