using System.Text;
using Hearth.Tokenization;

namespace Hearth.Inference;

/// <summary>
/// Turns the tokens of one choice into text that may be sent: complete characters only, and nothing that may be the beginning of a stop string until
/// that is decided. A stop string ends the text and is not part of it.
/// </summary>
public sealed class TextStream
{
    private readonly Func<int, string?> _decode;
    private readonly Func<string?> _flush;
    private readonly string[] _stops;
    private readonly StringBuilder _held = new();
    private readonly int _minTokens;
    private int _tokens;

    /// <summary>A stream over a decoder.</summary>
    /// <param name="decode">Adds a token id; returns the characters that it completes.</param>
    /// <param name="flush">Returns what the decoder still holds back.</param>
    /// <param name="stops">Stop strings; empty ones are ignored.</param>
    /// <param name="minTokens">The text of so many tokens has no stop string.</param>
    public TextStream(Func<int, string?> decode, Func<string?> flush, IReadOnlyList<string>? stops = null, int minTokens = 0)
    {
        _minTokens = minTokens;
        _decode = decode;
        _flush = flush;
        _stops = [.. (stops ?? []).Where(stop => stop.Length > 0)];
    }

    /// <summary>A stream over a tokenizer's decoder.</summary>
    public TextStream(DecodeStream decoder, IReadOnlyList<string>? stops = null) : this(decoder.Add, decoder.Flush, stops) { }

    /// <summary>The stop string that was met, or null.</summary>
    public string? StoppedBy { get; private set; }

    /// <summary>Adds a token and returns the text that may be sent now. After a stop string there is no more text.</summary>
    public string Push(int tokenId)
    {
        _tokens++;
        return StoppedBy is null ? Add(_decode(tokenId), isLast: false) : "";
    }

    /// <summary>Returns the rest, at the end of the choice.</summary>
    public string Finish() => StoppedBy is null ? Add(_flush(), isLast: true) : "";

    private string Add(string? piece, bool isLast)
    {
        if (_stops.Length == 0 || _tokens <= _minTokens) return piece ?? "";
        _held.Append(piece);
        string text = _held.ToString();
        _held.Clear();
        if (TryFindStop(text, out int end)) return text[..end];
        int sendable = isLast ? text.Length : text.Length - LongestStopBeginning(text);
        _held.Append(text, sendable, text.Length - sendable);
        return text[..sendable];
    }

    private bool TryFindStop(string text, out int start)
    {
        start = int.MaxValue;
        foreach (string stop in _stops)
        {
            int found = text.IndexOf(stop, StringComparison.Ordinal);
            if (found < 0 || found >= start) continue;
            start = found;
            StoppedBy = stop;
        }
        return StoppedBy is not null;
    }

    // Length of the longest end of the text that a stop string begins with.
    private int LongestStopBeginning(string text)
    {
        int longest = 0;
        foreach (string stop in _stops)
            for (int length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length))) longest = length;
        return longest;
    }
}
