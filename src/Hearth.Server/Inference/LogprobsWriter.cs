using System.Text;
using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Log-probabilities of one choice in either of the two forms; offsets run on from chunk to chunk.</summary>
internal sealed class LogprobsWriter(bool legacy)
{
    private int _offset;

    /// <returns>Null where none were asked for.</returns>
    public object? Write(IReadOnlyList<TokenLogprob>? logprobs)
    {
        if (logprobs is null) return null;
        var offsets = new int[logprobs.Count];
        for (var i = 0; i < offsets.Length; i++)
        {
            offsets[i] = _offset;
            _offset += logprobs[i].Token.Length;
        }
        return legacy ? Legacy(logprobs, offsets) : Content(logprobs, offsets);
    }

    private static ContentLogprobs Content(IReadOnlyList<TokenLogprob> logprobs, int[] offsets) => new()
    {
        Content = [.. logprobs.Select((token, i) => new ContentLogprob
        {
            Token = token.Token,
            Bytes = Bytes(token.Token, token.Part),
            Logprob = token.Logprob,
            SamplingLogprob = token.SamplingLogprob,
            TextOffset = offsets[i],
            TokenId = token.TokenId,
            TopLogprobs = [.. token.Top.Select(top => new ContentTopLogprob
            {
                Token = top.Token,
                Logprob = top.Logprob,
                TokenId = top.TokenId,
                Bytes = Bytes(top.Token, top.Part),
                HearthSamplingLogprob = top.SamplingLogprob,
            })],
        })],
    };

    private static LegacyLogprobs Legacy(IReadOnlyList<TokenLogprob> logprobs, int[] offsets) => new()
    {
        Tokens = [.. logprobs.Select(token => token.Token)],
        TokenLogprobs = [.. logprobs.Select(token => token.Logprob)],
        TopLogprobs = [.. logprobs.Select(token => token.Top.DistinctBy(top => top.Token).ToDictionary(top => top.Token, top => top.Logprob))],
        TextOffset = offsets,
        TokenIds = [.. logprobs.Select(token => token.TokenId)],
    };

    private static int[] Bytes(string token, byte[]? part) => [.. (part ?? Encoding.UTF8.GetBytes(token)).Select(value => (int)value)];
}
