using System.Text.RegularExpressions;

namespace Hearth.Tokenization;

/// <summary>
/// Cuts a template into text and tags, with trim_blocks and lstrip_blocks on and the last newline dropped, as chat
/// templates are always read.
/// </summary>
internal sealed partial class Lexer
{
    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _position;
    private int _line = 1;

    // Whether the text that follows begins a line: a tag just took the newline in.
    private bool _atLineStart = true;

    private Lexer(string source) => _source = source;

    [GeneratedRegex(@"\G\{%[-+]?\s*raw\s*(?:-%\}\s*|%\})", RegexOptions.CultureInvariant)]
    private static partial Regex RawStart();

    [GeneratedRegex(@"\{%(?<sign>[-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)", RegexOptions.CultureInvariant)]
    private static partial Regex RawEnd();

    public static List<Token> Tokenize(string source)
    {
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (source.EndsWith('\n')) source = source[..^1];
        var lexer = new Lexer(source);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        while (_position < _source.Length)
        {
            var at = NextTag(_position);
            if (at < 0)
            {
                AddData(_source[_position..]);
                break;
            }

            ReadTag(at);
        }

        Add(TokenKind.End, "end of template");
    }

    private int NextTag(int from)
    {
        for (var at = _source.IndexOf('{', from); at >= 0 && at + 1 < _source.Length; at = _source.IndexOf('{', at + 1))
            if (_source[at + 1] is '{' or '%' or '#') return at;
        return -1;
    }

    private void ReadTag(int at)
    {
        var sign = at + 2 < _source.Length ? _source[at + 2] : '\0';
        var kind = _source[at + 1];
        AddData(TrimBefore(_source[_position..at], sign, canStripLine: kind != '{'));
        _position = at;
        if (kind == '%' && RawStart().Match(_source, at) is { Success: true } raw)
        {
            ReadRaw(raw);
            return;
        }

        _position += sign is '-' or '+' && !(kind == '{' && sign == '+') ? 3 : 2;
        if (kind == '#') SkipComment(at);
        else ReadExpression(kind == '{');
    }

    private string TrimBefore(string data, char sign, bool canStripLine)
    {
        if (sign == '-') return data.TrimEnd();
        if (sign == '+' || !canStripLine) return data;
        var lineStart = data.LastIndexOf('\n') + 1;
        var isBlank = data.AsSpan(lineStart).IsWhiteSpace();
        return isBlank && (lineStart > 0 || _atLineStart) ? data[..lineStart] : data;
    }

    private void SkipComment(int start)
    {
        var end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0) throw ChatTemplateException.Syntax("Missing end of comment tag", _line);
        CountLines(start, end);
        EndTag(end, _source[end - 1], trimsNewline: true);
    }

    private void ReadRaw(Match start)
    {
        var from = start.Index + start.Length;
        var end = RawEnd().Match(_source, from);
        if (!end.Success) throw ChatTemplateException.Syntax("Missing end of raw directive", _line);
        _atLineStart = start.Value.EndsWith('\n');
        var sign = end.Groups["sign"].Value;
        AddData(TrimBefore(_source[from..end.Index], sign.Length > 0 ? sign[0] : '\0', canStripLine: true));
        CountLines(start.Index, end.Index + end.Length);
        _position = end.Index + end.Length;
        _atLineStart = end.Value.EndsWith('\n');
    }

    /// <summary>Moves behind the two closing characters at <paramref name="end"/> and the blanks they take.</summary>
    private void EndTag(int end, char sign, bool trimsNewline)
    {
        var start = end;
        _position = end + 2;
        if (sign == '-') while (_position < _source.Length && char.IsWhiteSpace(_source[_position])) _position++;
        else if (sign != '+' && trimsNewline && _position < _source.Length && _source[_position] == '\n') _position++;
        CountLines(start, _position);
        _atLineStart = _source[_position - 1] == '\n';
    }

    private void AddData(string text)
    {
        if (text.Length > 0) _tokens.Add(new Token(TokenKind.Data, text, _line));
        _line += text.AsSpan().Count('\n');
    }

    private void CountLines(int from, int to) => _line += _source.AsSpan(from, to - from).Count('\n');

    private void Add(TokenKind kind, string text, object? value = null) => _tokens.Add(new Token(kind, text, _line, value));
}
