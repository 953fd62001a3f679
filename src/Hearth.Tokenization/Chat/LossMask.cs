namespace Hearth.Tokenization;

/// <summary>Turns ranges of text into a mask over tokens.</summary>
internal static class LossMask
{
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="text">The rendered conversation.</param>
    /// <param name="turns">Code point ranges of the assistant's turns, in order, not overlapping.</param>
    /// <param name="isTrained">For each turn, whether the loss counts it.</param>
    public static MaskedExample Build(Tokenizer tokenizer, string text, IReadOnlyList<TextRange> turns, IReadOnlyList<bool> isTrained)
    {
        var tokens = tokenizer.EncodeUnframed(text);
        var straddled = turns.Where(turn => tokens.Any(token => token.Range.Start < turn.Start && token.Range.End > turn.Start)).ToList();
        if (straddled.Count > 0) tokens = EncodeApart(tokenizer, text, [.. straddled.Select(turn => turn.Start)]);

        var ranges = turns.Select(turn => TokensOf(tokens, turn)).ToList();
        var mask = new bool[tokens.Count];
        for (var i = 0; i < ranges.Count; i++)
            if (isTrained[i]) mask.AsSpan(ranges[i].Start, ranges[i].End - ranges[i].Start).Fill(true);
        return new MaskedExample([.. tokens.Select(token => token.Id)], mask, ranges) { Text = text, Ranges = [.. tokens.Select(token => token.Range)] };
    }

    // One token holds the end of a header and the start of an answer. At inference the prompt ends with the header, so
    // the model never gets to write that token: the two sides are tokenized apart, as they are there.
    private static List<EncodedToken> EncodeApart(Tokenizer tokenizer, string text, int[] cuts)
    {
        var tokens = new List<EncodedToken>();
        var runes = text.EnumerateRunes().ToArray();
        var from = 0;
        foreach (var to in cuts.Append(runes.Length))
        {
            var part = string.Concat(runes[from..to].Select(rune => rune.ToString()));
            tokens.AddRange(tokenizer.EncodeUnframed(part)
                .Select(token => token with { Range = new TextRange(token.Range.Start + from, token.Range.End + from) }));
            from = to;
        }

        return tokens;
    }

    /// <summary>From the token holding the first character to the one holding the last.</summary>
    private static (int Start, int End) TokensOf(List<EncodedToken> tokens, TextRange range)
    {
        var start = tokens.FindIndex(token => token.Range.End > range.Start);
        var end = start;
        while (range.Start < range.End && end >= 0 && end < tokens.Count && tokens[end].Range.Start < range.End) end++;
        return start < 0 ? (tokens.Count, tokens.Count) : (start, end);
    }
}
