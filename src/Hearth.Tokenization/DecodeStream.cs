using System.Runtime.InteropServices;

namespace Hearth.Tokenization;

/// <summary>Turns a stream of ids into a stream of texts. A text is held back until its characters are complete.</summary>
/// <remarks>
/// Decoding is not concatenative (blanks at the start, bytes of one character in several tokens), so a window of the
/// last ids is decoded with and without the new one and the difference is what is new.
/// </remarks>
public sealed class DecodeStream
{
    // A character has at most 4 bytes; ids that stay incomplete for this long are broken and are let go.
    private const int LongestWait = 64;

    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecial;
    private readonly List<int> _window = [];
    private string _prefix = "";
    private int _prefixCount;

    internal DecodeStream(Tokenizer tokenizer, bool skipSpecial)
    {
        _tokenizer = tokenizer;
        _skipSpecial = skipSpecial;
    }

    /// <summary>Adds an id; returns the text it completes, or null when nothing is complete yet.</summary>
    public string? Add(int id)
    {
        _window.Add(id);
        var text = Decode(_window);
        if (TakesBack(text)) text = WithoutContext();
        var waits = text.EndsWith('\uFFFD') && _window.Count - _prefixCount < LongestWait;
        return waits || text.Length <= _prefix.Length ? null : Take(text);
    }

    /// <summary>What was held back, broken characters as U+FFFD; null when there is nothing.</summary>
    public string? Flush()
    {
        var text = Decode(_window);
        if (TakesBack(text)) text = WithoutContext();
        return text.Length <= _prefix.Length ? null : Take(text);
    }

    // A run of byte tokens that goes on with a broken byte is broken as a whole, but its first characters are sent: the run starts anew behind them.
    private bool TakesBack(string text)
    {
        var same = text.AsSpan().CommonPrefixLength(_prefix);
        return same < _prefix.Length && same < text.Length && text[same] == '\uFFFD';
    }

    private string WithoutContext()
    {
        _window.RemoveRange(0, _prefixCount);
        (_prefix, _prefixCount) = ("", 0);
        return Decode(_window);
    }

    private string Take(string text)
    {
        var added = text[_prefix.Length..];
        _window.RemoveRange(0, _prefixCount);
        _prefix = Decode(_window);
        _prefixCount = _window.Count;
        return added;
    }

    private string Decode(List<int> ids) => _tokenizer.Decode(CollectionsMarshal.AsSpan(ids), _skipSpecial);
}
