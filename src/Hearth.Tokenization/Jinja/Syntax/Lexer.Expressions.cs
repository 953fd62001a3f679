using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Hearth.Tokenization;

/// <summary>The inside of tags: names, literals, operators.</summary>
internal sealed partial class Lexer
{
    // Longer operators first.
    private static readonly string[] OperatorTexts =
    [
        "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ".", ",", ":", "|", ";",
    ];

    [GeneratedRegex(@"\G(?:(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+))", RegexOptions.CultureInvariant)]
    private static partial Regex FloatLiteral();

    [GeneratedRegex(@"\G(?:0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*)", RegexOptions.CultureInvariant)]
    private static partial Regex IntegerLiteral();

    private void ReadExpression(bool isOutput)
    {
        Add(isOutput ? TokenKind.OutputStart : TokenKind.BlockStart, "");
        var closing = isOutput ? "}}" : "%}";
        var open = new Stack<char>();
        while (true)
        {
            SkipBlanks();
            if (_position >= _source.Length) throw ChatTemplateException.Syntax("unexpected end of template inside a tag", _line);
            if (open.Count == 0 && IsClosing(closing, out var signLength))
            {
                var sign = signLength > 0 ? _source[_position] : '\0';
                Add(isOutput ? TokenKind.OutputEnd : TokenKind.BlockEnd, isOutput ? "end of print statement" : "end of statement block");
                EndTag(_position + signLength, sign, trimsNewline: !isOutput);
                return;
            }

            ReadToken(open);
        }
    }

    private bool IsClosing(string closing, out int signLength)
    {
        var sign = _source[_position];
        signLength = sign == '-' || (sign == '+' && closing == "%}") ? 1 : 0;
        if (string.CompareOrdinal(_source, _position + signLength, closing, 0, 2) == 0) return true;
        signLength = 0;
        return string.CompareOrdinal(_source, _position, closing, 0, 2) == 0;
    }

    private void SkipBlanks()
    {
        for (; _position < _source.Length && char.IsWhiteSpace(_source[_position]); _position++)
            if (_source[_position] == '\n') _line++;
    }

    private void ReadToken(Stack<char> open)
    {
        var first = _source[_position];
        if (first is '\'' or '"') ReadText(first);
        else if (char.IsAsciiDigit(first)) ReadNumber();
        else if (first == '_' || char.IsLetter(first)) ReadName();
        else ReadOperator(open);
    }

    private void ReadName()
    {
        var start = _position;
        while (_position < _source.Length && (_source[_position] == '_' || char.IsLetterOrDigit(_source[_position]))) _position++;
        Add(TokenKind.Name, _source[start.._position]);
    }

    private void ReadNumber()
    {
        var match = FloatLiteral().Match(_source, _position);
        var isFloat = match.Success && (_tokens[^1].Kind != TokenKind.Operator || _tokens[^1].Text != ".");
        if (!isFloat) match = IntegerLiteral().Match(_source, _position);
        if (!match.Success) throw ChatTemplateException.Syntax($"'{_source[_position]}' begins no number", _line);
        _position += match.Length;
        var digits = match.Value.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
        if (isFloat) Add(TokenKind.Float, match.Value, PythonNumber.ParseDouble(digits));
        else Add(TokenKind.Integer, match.Value, ParseInteger(digits));
    }

    private static object ParseInteger(string digits) => digits.Length > 1 && char.IsAsciiLetter(digits[1])
        ? PythonNumber.ParseInteger(digits[2..], digits[1] switch { 'x' => 16, 'o' => 8, _ => 2 })
        : PythonNumber.ParseInteger(digits, 10);

    private void ReadOperator(Stack<char> open)
    {
        foreach (var text in OperatorTexts)
        {
            if (string.CompareOrdinal(_source, _position, text, 0, text.Length) != 0) continue;
            if (text is "(" or "[" or "{") open.Push(text[0]);
            if (text is ")" or "]" or "}") Close(open, text[0]);
            _position += text.Length;
            Add(TokenKind.Operator, text);
            return;
        }

        throw ChatTemplateException.Syntax($"unexpected char '{_source[_position]}'", _line);
    }

    private void Close(Stack<char> open, char closing)
    {
        var expected = closing switch { ')' => '(', ']' => '[', _ => '{' };
        if (!open.TryPop(out var opened) || opened != expected) throw ChatTemplateException.Syntax($"unexpected '{closing}'", _line);
    }

    private void ReadText(char quote)
    {
        var end = _position + 1;
        while (end < _source.Length && _source[end] != quote) end += _source[end] == '\\' ? 2 : 1;
        if (end >= _source.Length) throw ChatTemplateException.Syntax($"unexpected char '{quote}': the text is not closed", _line);
        var raw = _source[(_position + 1)..end];
        Add(TokenKind.Text, raw, Unescape(raw));
        _line += raw.AsSpan().Count('\n');
        _position = end + 1;
    }

    private string Unescape(string raw)
    {
        if (!raw.Contains('\\')) return raw;
        var output = new StringBuilder(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\')
            {
                output.Append(raw[i]);
                continue;
            }

            var code = raw[++i];
            var hexDigits = code switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (hexDigits > 0)
            {
                output.Append(CodePoint(raw, i + 1, hexDigits));
                i += hexDigits;
            }
            else if (code is >= '0' and <= '7')
            {
                var digits = 1;
                while (digits < 3 && i + digits < raw.Length && raw[i + digits] is >= '0' and <= '7') digits++;
                output.Append((char)Convert.ToInt32(raw.Substring(i, digits), 8));
                i += digits - 1;
            }
            else output.Append(SimpleEscape(code));
        }

        return output.ToString();
    }

    private static string SimpleEscape(char code) => code switch
    {
        'n' => "\n",
        't' => "\t",
        'r' => "\r",
        'b' => "\b",
        'f' => "\f",
        'v' => "\v",
        'a' => "\a",
        '\n' => "",
        '\\' or '\'' or '"' => code.ToString(),
        _ => "\\" + code,
    };

    private string CodePoint(string raw, int start, int digits)
    {
        if (start + digits <= raw.Length
            && int.TryParse(raw.AsSpan(start, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) && value is >= 0 and <= 0x10FFFF)
            return Rune.IsValid(value) ? new Rune(value).ToString() : ((char)value).ToString();
        throw ChatTemplateException.Syntax("the text has a broken escape", _line);
    }
}
