using System.Text;

namespace Hearth.Tokenization;

/// <summary>What a single token adds to the text's bytes when it stands behind others.</summary>
internal static class TokenBytes
{
    /// <summary>The bytes of a token.</summary>
    /// <param name="decoder">The tokenizer's decoder.</param>
    /// <param name="token">The token as in the vocabulary.</param>
    /// <exception cref="NotSupportedException">What a token adds depends on others.</exception>
    public static byte[] Of(IDecoder? decoder, string token)
    {
        IReadOnlyList<IDecoder> steps = decoder is SequenceDecoder sequence ? sequence.Steps : decoder is null ? [] : [decoder];
        foreach (var step in steps)
        {
            switch (step)
            {
                case ByteLevelDecoder:
                    var bytes = new List<byte>();
                    ByteLevelDecoder.AppendBytes(token, bytes);
                    return [.. bytes];
                case ByteFallbackDecoder:
                    if (ByteFallbackDecoder.TryParse(token, out var value)) return [value];
                    break;
                case TokenMapDecoder mapped:
                    token = mapped.Map(token, 1);
                    break;
                case FuseDecoder:
                    return Encoding.UTF8.GetBytes(token); // what comes behind changes the ends of the whole text only
                default:
                    throw new NotSupportedException($"The tokenizer's decoder {step.GetType().Name} does not write one token behind the other, so output cannot be held to a grammar.");
            }
        }

        if (steps.Count == 0) throw new NotSupportedException("The tokenizer has no decoder: its tokens are joined with blanks, so output cannot be held to a grammar.");
        return Encoding.UTF8.GetBytes(token);
    }
}
