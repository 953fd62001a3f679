using System.Globalization;
using System.Text;

namespace Hearth.Grammars;

/// <summary>
/// Reads the regular part of ECMA-262's expressions with the u flag: what JSON Schema recommends, without assertions other than ^ and $, without references back.
/// </summary>
internal sealed class RegexParser
{
    private const int MostCount = 10_000, MostDepth = 100;
    private static readonly CodePointSet Digits = CodePointSet.Of([('0', '9')]);
    private static readonly CodePointSet WordCharacters = CodePointSet.Of([('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')]);
    private static readonly CodePointSet Spaces = CodePointSet.Of([(9, 13), (' ', ' '), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)]);
    private static readonly CodePointSet Dot = CodePointSet.Of("\n\r\u2028\u2029").Complement();

    private readonly int[] _text;
    private int _at, _depth;

    private RegexParser(string text) => _text = [.. text.EnumerateRunes().Select(rune => rune.Value)];

    /// <exception cref="GrammarException">It is no expression, or one beyond the regular part; the message says what and where.</exception>
    public static RegexSyntax Parse(string text)
    {
        var parser = new RegexParser(text);
        var parsed = parser.Choice();
        return parser._at == parser._text.Length ? parsed : throw parser.Fault("has a ')' without '('");
    }

    private int? Next => _at < _text.Length ? _text[_at] : null;

    private RegexSyntax Choice()
    {
        if (++_depth > MostDepth) throw Fault($"nests deeper than {MostDepth} groups");
        var options = new List<RegexSyntax> { Sequence() };
        while (Take('|')) options.Add(Sequence());
        _depth--;
        return options.Count == 1 ? options[0] : new RegexSyntax.Choice(options);
    }

    private RegexSyntax.Sequence Sequence()
    {
        var parts = new List<RegexSyntax>();
        while (Next is { } next && next != '|' && next != ')') parts.Add(Quantified(Atom()));
        return new(parts);
    }

    private RegexSyntax Quantified(RegexSyntax atom)
    {
        (int Min, int? Max)? count = Next switch
        {
            '*' => (0, null),
            '+' => (1, null),
            '?' => (0, 1),
            '{' => Braces(),
            _ => null,
        };
        if (count is not { } found) return atom;
        if (Next is '*' or '+' or '?') _at++;
        if (atom is RegexSyntax.Anchor) throw Fault("repeats an anchor");
        Take('?'); // lazy: the same strings
        if (Next is '*' or '+' or '?' or '{') throw Fault("repeats a repetition");
        return new RegexSyntax.Repeat(atom, found.Min, found.Max);
    }

    private (int, int?) Braces()
    {
        _at++;
        int min = Number() ?? throw Fault("has a '{' that begins no count; escape it as \\{");
        int? max = min;
        if (Take(',')) max = Number();
        if (!Take('}')) throw Fault("has a '{' that begins no count; escape it as \\{");
        if (max < min) throw Fault("has a count with the larger number first");
        return (min, max);
    }

    private int? Number()
    {
        int start = _at, value = 0;
        for (; Next is >= '0' and <= '9'; _at++)
        {
            value = value * 10 + _text[_at] - '0';
            if (value > MostCount) throw Fault($"has a count above {MostCount}; for the length of a whole string use minLength and maxLength");
        }
        return _at == start ? null : value;
    }

    private RegexSyntax Atom()
    {
        int next = _text[_at++];
        switch (next)
        {
            case '^': return new RegexSyntax.Anchor(IsEnd: false);
            case '$': return new RegexSyntax.Anchor(IsEnd: true);
            case '.': return new RegexSyntax.Set(Dot);
            case '(': return Group();
            case '[': return new RegexSyntax.Set(Class());
            case '\\': return new RegexSyntax.Set(Escape(inClass: false));
            case '*' or '+' or '?' or '{': throw Fault("has a quantifier with nothing before it");
            default: return new RegexSyntax.Set(CodePointSet.Of(next));
        }
    }

    private RegexSyntax Group()
    {
        if (Take('?'))
        {
            if (Take('<'))
            {
                if (Next is '=' or '!') throw Fault("looks behind, which is not supported");
                while (Next is { } letter && letter != '>') _at++;
                Expect('>');
            }
            else if (Next is '=' or '!') throw Fault("looks ahead, which is not supported: state the condition as another pattern in allOf, or leave it out");
            else if (!Take(':')) throw Fault("has a group of an unknown kind");
        }
        var inner = Choice();
        Expect(')');
        return inner;
    }

    private CodePointSet Class()
    {
        bool isNegated = Take('^');
        var set = CodePointSet.None;
        while (!Take(']'))
        {
            var first = ClassAtom();
            if (Next == '-' && _at + 1 < _text.Length && _text[_at + 1] != ']')
            {
                _at++;
                var last = ClassAtom();
                if (Single(first) is not { } from || Single(last) is not { } to) throw Fault("has a range with a class as its end");
                if (to < from) throw Fault("has a range with its larger end first");
                first = CodePointSet.Of([(from, to)]);
            }
            set = set.Union(first);
        }
        return isNegated ? set.Complement() : set;
    }

    private CodePointSet ClassAtom()
    {
        if (Next is null) throw Fault("has a '[' without ']'");
        int next = _text[_at++];
        return next == '\\' ? Escape(inClass: true) : CodePointSet.Of(next);
    }

    private static int? Single(CodePointSet set) => set.Ranges is [var only] && only.First == only.Last ? only.First : null;

    private CodePointSet Escape(bool inClass)
    {
        if (Next is null) throw Fault("ends in a backslash");
        int next = _text[_at++];
        switch (next)
        {
            case 'd': return Digits;
            case 'D': return Digits.Complement();
            case 'w': return WordCharacters;
            case 'W': return WordCharacters.Complement();
            case 's': return Spaces;
            case 'S': return Spaces.Complement();
            case 'n': return CodePointSet.Of('\n');
            case 'r': return CodePointSet.Of('\r');
            case 't': return CodePointSet.Of('\t');
            case 'f': return CodePointSet.Of('\f');
            case 'v': return CodePointSet.Of('\v');
            case 'b' when inClass: return CodePointSet.Of('\b');
            case '0' when Next is not (>= '0' and <= '9'): return CodePointSet.Of(0);
            case 'x': return CodePointSet.Of(Hex(2));
            case 'u': return CodePointSet.Of(Unicode());
            case 'b' or 'B': throw Fault("asserts a word's boundary, which is not supported");
            case 'p' or 'P': throw Fault("uses a Unicode property (\\p), which is not supported: list the ranges");
            case 'k' or (>= '1' and <= '9'): throw Fault("refers back to a group, which is not supported");
            case (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or '0': throw Fault($"has the unknown escape \\{(char)next}");
            default: return CodePointSet.Of(next);
        }
    }

    private int Unicode()
    {
        if (!Take('{'))
        {
            int unit = Hex(4);
            if (!char.IsHighSurrogate((char)unit)) return unit;
            if (!Take('\\') || !Take('u')) throw Fault("has half a surrogate pair");
            int low = Hex(4);
            return char.IsLowSurrogate((char)low) ? char.ConvertToUtf32((char)unit, (char)low) : throw Fault("has half a surrogate pair");
        }
        int end = Array.IndexOf(_text, '}', _at);
        if (end < 0) throw Fault("has an unfinished \\u{");
        int value = Hex(end - _at);
        _at = end + 1;
        return value;
    }

    private int Hex(int digits)
    {
        string text = string.Concat(_text.Skip(_at).Take(digits).Select(rune => new Rune(rune).ToString()));
        if (text.Length != digits || !int.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value) || value is < 0 or > 0x10FFFF) throw Fault("has an escape without its hexadecimal digits");
        _at += digits;
        return value;
    }

    private bool Take(char expected)
    {
        if (Next != expected) return false;
        _at++;
        return true;
    }

    private void Expect(char expected)
    {
        if (!Take(expected)) throw Fault($"lacks a '{expected}'");
    }

    private GrammarException Fault(string what) => new($"it {what} (character {_at}).");
}
