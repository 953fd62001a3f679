namespace Hearth.Tokenization;

/// <summary>Connectionist temporal classification: repeated tokens count once, padding separates them.</summary>
internal sealed class CtcDecoder(string padding, string wordDelimiter, bool cleanup) : IDecoder
{
    public List<string> Decode(List<string> tokens)
    {
        var result = new List<string>();
        for (var i = 0; i < tokens.Count; i++)
        {
            if (i > 0 && tokens[i] == tokens[i - 1]) continue;
            var token = tokens[i].Replace(padding, "", StringComparison.Ordinal);
            if (cleanup) token = WordPieceCleanup.Apply(token).Replace(wordDelimiter, " ", StringComparison.Ordinal);
            if (token.Length > 0) result.Add(token);
        }

        return result;
    }
}
