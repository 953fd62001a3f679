using System.Text;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>
/// Parses AIP-160 filters: <c>state=READY AND (epochs&gt;2 OR NOT display_name:"draft")</c>. As there, OR binds tighter than AND,
/// and terms side by side are AND.
/// </summary>
internal sealed class FilterSyntax
{
    private const int MaxDepth = 32;

    private readonly string _text;
    private int _at, _depth;

    private FilterSyntax(string text) => _text = text;

    /// <exception cref="HearthException">The text is not a filter.</exception>
    public static FilterNode Parse(string text)
    {
        var parser = new FilterSyntax(text);
        var node = parser.Expression();
        parser.SkipBlanks();
        return parser._at == text.Length ? node : throw parser.Error("this does not continue the filter");
    }

    private FilterNode Expression()
    {
        if (++_depth > MaxDepth) throw Error("the filter is nested too deeply");
        var node = Factor();
        while (!AtEnd())
        {
            TakeWord("AND");
            node = new AllOf(node, Factor());
        }
        _depth--;
        return node;
    }

    private bool AtEnd()
    {
        SkipBlanks();
        return _at == _text.Length || _text[_at] == ')';
    }

    private FilterNode Factor()
    {
        var node = Term();
        while (TakeWord("OR")) node = new AnyOf(node, Term());
        return node;
    }

    private FilterNode Term()
    {
        SkipBlanks();
        if (TakeWord("NOT") || Take("-")) return new Not(Simple());
        return Simple();
    }

    private FilterNode Simple()
    {
        SkipBlanks();
        if (!Take("(")) return Restriction();
        var node = Expression();
        SkipBlanks();
        return Take(")") ? node : throw Error("a ) is missing");
    }

    private Restriction Restriction()
    {
        var field = Word("a field name");
        SkipBlanks();
        var comparison = Comparator() ?? throw Error($"'{field}' needs a comparison such as {field}=value");
        SkipBlanks();
        return new(field.Split('.'), comparison, _at < _text.Length && _text[_at] is '"' or '\'' ? Quoted() : Word("a value"));
    }

    private Comparison? Comparator()
    {
        if (Take("!=")) return Comparison.NotEqual;
        if (Take("<=")) return Comparison.AtMost;
        if (Take(">=")) return Comparison.AtLeast;
        if (Take("<")) return Comparison.Less;
        if (Take(">")) return Comparison.Greater;
        if (Take("=")) return Comparison.Equal;
        return Take(":") ? Comparison.Has : null;
    }

    private string Word(string what)
    {
        var start = _at;
        while (_at < _text.Length && !char.IsWhiteSpace(_text[_at]) && !"()=<>!\"'".Contains(_text[_at]) && !IsHas()) _at++;
        return _at > start ? _text[start.._at] : throw Error($"{what} is missing");

        // A colon separates field and value; in values it belongs to times and verbs.
        bool IsHas() => _text[_at] == ':' && what == "a field name";
    }

    private string Quoted()
    {
        var quote = _text[_at++];
        var value = new StringBuilder();
        while (_at < _text.Length && _text[_at] != quote)
        {
            if (_text[_at] == '\\' && _at + 1 < _text.Length) _at++;
            value.Append(_text[_at++]);
        }
        return Take(quote.ToString()) ? value.ToString() : throw Error("a closing quote is missing");
    }

    private bool Take(string text)
    {
        if (string.CompareOrdinal(_text, _at, text, 0, text.Length) != 0) return false;
        _at += text.Length;
        return true;
    }

    private bool TakeWord(string word)
    {
        SkipBlanks();
        var end = _at + word.Length;
        if (string.CompareOrdinal(_text, _at, word, 0, word.Length) != 0) return false;
        if (end < _text.Length && !char.IsWhiteSpace(_text[end]) && _text[end] != '(') return false;
        _at = end;
        return true;
    }

    private void SkipBlanks()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at])) _at++;
    }

    private HearthException Error(string what) => new(ErrorCode.InvalidArgument,
        $"filter: {what} at character {_at + 1} of '{_text}'. Write comparisons such as state=READY, joined by AND and OR.")
    { Param = "filter" };
}
