using System.Globalization;
using System.Text;

namespace Hearth.Tokenization;

/// <summary>
/// Text to token ids and back, as the model's own tokenizer does it. Immutable and safe to share between threads.
/// </summary>
/// <remarks>
/// Encoding: added tokens are found in the text, the rest is normalised, cut into words and given to the model; the
/// post-processor adds special tokens. Truncation and padding of a tokenizer file are left to the caller.
/// </remarks>
public sealed class Tokenizer
{
    private readonly TokenizerParts _parts;
    private readonly IPostProcessor? _postProcessor;
    private readonly AddedTokenFinder _rawFinder;
    private readonly AddedTokenFinder _normalizedFinder;
    private readonly bool _hasNormalizedTokens;
    private readonly Dictionary<string, int> _addedIds = new(StringComparer.Ordinal);
    private readonly HashSet<int> _specialIds = [];

    // The reference decodes an added token that normalisation changes as the changed text, special or not.
    private readonly Dictionary<int, string> _normalizedTexts = [];
    private readonly string?[] _texts;

    internal Tokenizer(TokenizerParts parts)
    {
        _parts = parts;
        foreach (var token in parts.AddedTokens)
        {
            _addedIds[token.Content] = token.Id;
            if (token.IsSpecial) _specialIds.Add(token.Id);
            if (token.IsNormalized && Normalized(token.Content) is var text && text != token.Content) _normalizedTexts[token.Id] = text;
        }

        _texts = TextsById(parts);
        _hasNormalizedTokens = parts.AddedTokens.Any(token => token.IsNormalized);
        _rawFinder = new AddedTokenFinder(parts.AddedTokens.Where(token => !token.IsNormalized).Select(token => (token.Content, token)));
        _normalizedFinder = new AddedTokenFinder(
            parts.AddedTokens.Where(token => token.IsNormalized).Select(token => (Normalized(token.Content), token)));
        _postProcessor = parts.PostProcessor(TokenText);
        VocabularySize = parts.Model.Vocabulary.Count + _addedIds.Keys.Count(text => !parts.Model.Vocabulary.ContainsKey(text));
    }

    /// <summary>How many tokens there are, added ones included.</summary>
    public int VocabularySize { get; }

    /// <summary>The largest id plus one; larger than <see cref="VocabularySize"/> when ids have gaps.</summary>
    public int IdLimit => _texts.Length;

    /// <summary>The tokens found in a text before the model sees it.</summary>
    public IReadOnlyList<AddedToken> AddedTokens => _parts.AddedTokens;

    /// <summary>Reads a Hugging Face tokenizer.json.</summary>
    /// <exception cref="NotSupportedException">The file uses a component this version does not know; the message names it.</exception>
    /// <exception cref="InvalidDataException">The file is no tokenizer.</exception>
    public static Tokenizer Load(string path) => TokenizerJson.Parse(File.ReadAllBytes(path));

    /// <summary>Reads the bytes of a Hugging Face tokenizer.json.</summary>
    public static Tokenizer Parse(ReadOnlyMemory<byte> utf8Json) => TokenizerJson.Parse(utf8Json);

    /// <summary>Builds a tokenizer from GGUF metadata.</summary>
    /// <exception cref="NotSupportedException">The kind of tokenizer or its pre-tokenizer is not known; the message names it.</exception>
    /// <exception cref="InvalidDataException">The metadata contradicts itself.</exception>
    public static Tokenizer FromGgml(GgmlVocabulary vocabulary) => GgmlTokenizer.Build(vocabulary);

    /// <summary>The token's text as in the vocabulary, or null when there is no such id.</summary>
    public string? TokenText(int id) => (uint)id < (uint)_texts.Length ? _texts[id] : null;

    /// <summary>The bytes of a token by itself; of a part of a character those of the part, which <see cref="Decode"/> gives as U+FFFD.</summary>
    public byte[] TokenBytes(int id)
    {
        var text = Decode([id]);
        if (!text.Contains('\uFFFD') || TokenText(id) is not { } written) return Encoding.UTF8.GetBytes(text);
        if (written is ['<', '0', 'x', _, _, '>'] && byte.TryParse(written.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var single)) return [single];
        var bytes = new byte[written.Length];
        for (var i = 0; i < bytes.Length; i++)
            if (!ByteAlphabet.TryDecode(written[i], out bytes[i])) return Encoding.UTF8.GetBytes(text);
        return bytes;
    }

    /// <summary>The id of a token written as in the vocabulary, or null when there is none.</summary>
    public int? TokenId(string text)
    {
        if (_addedIds.TryGetValue(text, out var id)) return id;
        return _parts.Model.Vocabulary.TryGetValue(text, out id) ? id : null;
    }

    /// <summary>Whether decoding without special tokens leaves this id out.</summary>
    public bool IsSpecial(int id) => _specialIds.Contains(id);

    /// <summary>The ids of a text.</summary>
    /// <param name="text">Any text; lone surrogates are read as U+FFFD.</param>
    /// <param name="addSpecialTokens">Frame it as the file's post-processor says (BOS and the like).</param>
    /// <param name="parseSpecial">Whether special tokens written in the text become themselves or stay text.</param>
    public int[] Encode(string text, bool addSpecialTokens = false, bool parseSpecial = true)
    {
        var tokens = EncodeTokens(text, addSpecialTokens, parseSpecial);
        var ids = new int[tokens.Count];
        for (var i = 0; i < ids.Length; i++) ids[i] = tokens[i].Id;
        return ids;
    }

    /// <summary>As <see cref="Encode"/>, with the code points each token stands for.</summary>
    public List<EncodedToken> EncodeTokens(string text, bool addSpecialTokens = false, bool parseSpecial = true) =>
        _postProcessor is null
            ? EncodeUnframed(text, parseSpecial)
            : _postProcessor.Process(EncodeUnframed(text, parseSpecial), addSpecialTokens);

    /// <summary>Without the post-processor: no special tokens added, and no blank taken out of a token's range.</summary>
    internal List<EncodedToken> EncodeUnframed(string text, bool parseSpecial = true)
    {
        var tokens = new List<EncodedToken>(text.Length / 3);
        var symbols = new List<Symbol>();
        var source = TextBuffer.FromText(text);
        var stretches = new List<AddedTokenFinder.Stretch>();
        _rawFinder.Split(source.Chars, parseSpecial, stretches);
        foreach (var stretch in stretches)
        {
            if (stretch.Token is null) EncodeStretch(source, stretch, parseSpecial, tokens, symbols);
            else tokens.Add(TokenOf(stretch, source));
        }

        return tokens;
    }

    /// <summary>The text of some ids. Ids outside the vocabulary are skipped; bytes that are no UTF-8 become U+FFFD.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false)
    {
        var tokens = new List<string>(ids.Length);
        foreach (var id in ids)
        {
            if (_normalizedTexts.TryGetValue(id, out var normalized)) tokens.Add(normalized);
            else if (TokenText(id) is { } text && !(skipSpecial && IsSpecial(id))) tokens.Add(text);
        }

        return _parts.Decoder is null ? string.Join(' ', tokens) : string.Concat(_parts.Decoder.Decode(tokens));
    }

    /// <summary>
    /// The bytes that each token writes behind other tokens, by id: what decoding gives, before it is read as UTF-8. Null for special tokens and ids that are none.
    /// </summary>
    /// <exception cref="NotSupportedException">The decoder's text is not the tokens' bytes one after the other; the message names it.</exception>
    public byte[]?[] VocabularyBytes()
    {
        var bytes = new byte[]?[IdLimit];
        for (var id = 0; id < bytes.Length; id++)
            if (_texts[id] is { } text && !IsSpecial(id)) bytes[id] = Tokenization.TokenBytes.Of(_parts.Decoder, _normalizedTexts.GetValueOrDefault(id, text));
        return bytes;
    }

    /// <summary>Decodes ids as they come, never cutting a character.</summary>
    public DecodeStream CreateDecodeStream(bool skipSpecial = false) => new(this, skipSpecial);

    private void EncodeStretch(
        TextBuffer source, AddedTokenFinder.Stretch stretch, bool parseSpecial, List<EncodedToken> tokens, List<Symbol> symbols)
    {
        var isWhole = stretch.Start == 0 && stretch.End == source.Length;
        var text = isWhole ? source : source.Slice(stretch.Start, stretch.End);
        text = _parts.Normalizer?.Normalize(text) ?? text;
        if (!_hasNormalizedTokens)
        {
            EncodeWords(Piece.Whole(text), tokens, symbols);
            return;
        }

        var inner = new List<AddedTokenFinder.Stretch>();
        _normalizedFinder.Split(text.Chars, parseSpecial, inner);
        foreach (var part in inner)
        {
            if (part.Token is null) EncodeWords(new Piece(text, part.Start, part.End), tokens, symbols);
            else tokens.Add(TokenOf(part, text));
        }
    }

    private void EncodeWords(Piece piece, List<EncodedToken> tokens, List<Symbol> symbols)
    {
        if (piece.Length == 0) return;
        var words = new List<Piece>();
        if (_parts.PreTokenizer is { } preTokenizer) preTokenizer.Split(piece, words);
        else words.Add(piece);
        foreach (var word in words)
        {
            symbols.Clear();
            _parts.Model.Tokenize(word.Chars, symbols);
            AddTokens(word, symbols, tokens);
        }
    }

    /// <summary>Places symbols, which are measured in UTF-8 bytes of the word, on the original text.</summary>
    private static void AddTokens(Piece word, List<Symbol> symbols, List<EncodedToken> tokens)
    {
        var chars = word.Chars;
        var origins = word.Buffer.Origins[word.Start..word.End];
        var unit = 0;     // the code point that byte `position` falls into
        var unitStart = 0; // its first byte
        var position = 0;
        foreach (var symbol in symbols)
        {
            if (symbol.SharesRange)
            {
                tokens.Add(new EncodedToken(symbol.Id, tokens[^1].Range));
                continue;
            }

            Advance(chars, position, ref unit, ref unitStart);
            var start = origins[unit].Start;
            position += symbol.ByteLength;
            Advance(chars, position - 1, ref unit, ref unitStart);
            tokens.Add(new EncodedToken(symbol.Id, new TextRange(start, origins[unit].End)));
        }
    }

    private static void Advance(ReadOnlySpan<char> chars, int position, ref int unit, ref int unitStart)
    {
        while (true)
        {
            var units = char.IsHighSurrogate(chars[unit]) ? 2 : 1;
            var bytes = units == 2 ? 4 : chars[unit] < 0x80 ? 1 : chars[unit] < 0x800 ? 2 : 3;
            if (position < unitStart + bytes || unit + units >= chars.Length) return;
            unit += units;
            unitStart += bytes;
        }
    }

    private static EncodedToken TokenOf(AddedTokenFinder.Stretch stretch, TextBuffer text) => new(
        stretch.Token!.Id, new TextRange(text.Origins[stretch.Start].Start, text.Origins[stretch.End - 1].End),
        MatchedText: text.Chars[stretch.Start..stretch.End].ToString());

    private string Normalized(string content) =>
        _parts.Normalizer?.Normalize(TextBuffer.FromText(content)).Chars.ToString() ?? content;

    private static string?[] TextsById(TokenizerParts parts)
    {
        var limit = parts.Model.Vocabulary.Values.Concat(parts.AddedTokens.Select(token => token.Id)).DefaultIfEmpty(-1).Max() + 1;
        var texts = new string?[limit];
        foreach (var (text, id) in parts.Model.Vocabulary) texts[id] = text;
        foreach (var token in parts.AddedTokens) texts[token.Id] = token.Content;
        return texts;
    }
}
