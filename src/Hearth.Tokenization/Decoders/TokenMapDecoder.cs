namespace Hearth.Tokenization;

/// <summary>Rewrites each token by itself; the map gets the token and its index.</summary>
internal sealed class TokenMapDecoder(Func<string, int, string> map) : IDecoder
{
    public Func<string, int, string> Map => map;

    public List<string> Decode(List<string> tokens) => [.. tokens.Select(map)];
}
