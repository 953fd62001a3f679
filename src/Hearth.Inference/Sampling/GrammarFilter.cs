using Hearth.Grammars;

namespace Hearth.Inference;

/// <summary>Takes out of a row of logits what a grammar does not allow next. Keeps scratch: one a sampler.</summary>
internal sealed class GrammarFilter(int vocabularySize)
{
    private const int WordBits = 64;
    private readonly ulong[] _allowed = new ulong[(vocabularySize + WordBits - 1) / WordBits];

    /// <summary>Masks the tokens that the grammar does not allow.</summary>
    /// <param name="logits">[V].</param>
    /// <param name="state">Where the text stands; its mask has no fault.</param>
    /// <param name="stopTokenIds">They end the text: allowed where it is complete, and never as a part of it.</param>
    /// <param name="mayStop">False: the text should go on while it can.</param>
    public void Apply(Span<float> logits, GrammarState state, IReadOnlyList<int> stopTokenIds, bool mayStop)
    {
        state.Mask.CopyTo(_allowed);
        bool stops = state.IsComplete && (mayStop || state.IsFinal);
        foreach (int id in stopTokenIds)
        {
            if ((uint)id >= (uint)vocabularySize) continue;
            ulong bit = 1UL << id;
            if (stops) _allowed[id / WordBits] |= bit;
            else _allowed[id / WordBits] &= ~bit;
        }
        for (int word = 0; word < _allowed.Length; word++)
        {
            ulong bits = _allowed[word];
            if (bits == ulong.MaxValue) continue;
            var values = logits[(word * WordBits)..Math.Min((word + 1) * WordBits, logits.Length)];
            if (bits == 0) values.Fill(Cuts.Masked);
            else MaskEach(values, bits);
        }
    }

    private static void MaskEach(Span<float> values, ulong bits)
    {
        for (int i = 0; i < values.Length; i++)
            if ((bits >> i & 1) == 0) values[i] = Cuts.Masked;
    }
}
