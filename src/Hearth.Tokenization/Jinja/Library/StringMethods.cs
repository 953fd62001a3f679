using System.Text;

namespace Hearth.Tokenization;

/// <summary>The methods of str. Positions and lengths count code points.</summary>
internal static class StringMethods
{
    private static readonly Dictionary<string, Func<Frame, string, Arguments, object?>> Table = new(StringComparer.Ordinal)
    {
        ["upper"] = (_, text, _) => PythonCase.Upper(text),
        ["lower"] = (_, text, _) => PythonCase.Lower(text),
        ["casefold"] = (_, text, _) => PythonCase.Lower(text).Replace("ß", "ss", StringComparison.Ordinal),
        ["title"] = (_, text, _) => PythonCase.Title(text),
        ["capitalize"] = (_, text, _) => PythonCase.Capitalize(text),
        ["swapcase"] = (_, text, _) => PythonCase.Swap(text),
        ["strip"] = (_, text, arguments) => Strip(text, Chars(arguments), left: true, right: true),
        ["lstrip"] = (_, text, arguments) => Strip(text, Chars(arguments), left: true, right: false),
        ["rstrip"] = (_, text, arguments) => Strip(text, Chars(arguments), left: false, right: true),
        ["split"] = (frame, text, arguments) => Split(frame, text, arguments, fromRight: false),
        ["rsplit"] = (frame, text, arguments) => Split(frame, text, arguments, fromRight: true),
        ["splitlines"] = (frame, text, arguments) => SplitLines(frame, text, arguments.Flag(0, "keepends")),
        ["partition"] = (_, text, arguments) => Partition(text, Separator(arguments), fromRight: false),
        ["rpartition"] = (_, text, arguments) => Partition(text, Separator(arguments), fromRight: true),
        ["startswith"] = (_, text, arguments) => Any(arguments, part => text.StartsWith(part, StringComparison.Ordinal)),
        ["endswith"] = (_, text, arguments) => Any(arguments, part => text.EndsWith(part, StringComparison.Ordinal)),
        ["removeprefix"] = (_, text, arguments) => Part(arguments) is var p && text.StartsWith(p, StringComparison.Ordinal) ? text[p.Length..] : text,
        ["removesuffix"] = (_, text, arguments) => Part(arguments) is var p && text.EndsWith(p, StringComparison.Ordinal) ? text[..^p.Length] : text,
        ["replace"] = (frame, text, arguments) => Replace(
            frame, text, Part(arguments), PythonText.Str(arguments.Required(1, "new")), arguments.Integer(2, "count", -1)),
        ["find"] = (_, text, arguments) => Find(text, Part(arguments), fromRight: false),
        ["rfind"] = (_, text, arguments) => Find(text, Part(arguments), fromRight: true),
        ["index"] = (_, text, arguments) => Index(text, Part(arguments), fromRight: false),
        ["rindex"] = (_, text, arguments) => Index(text, Part(arguments), fromRight: true),
        ["count"] = (_, text, arguments) => Count(text, Part(arguments)),
        ["join"] = (frame, text, arguments) => Join(frame, text, arguments.Required(0, "iterable")),
        ["format"] = PythonFormat.BraceFormat,
        ["zfill"] = (frame, text, arguments) => Zfill(frame, text, arguments.Integer(0, "width", 0)),
        ["ljust"] = (frame, text, arguments) => Pad(frame, text, arguments, _ => 0),
        ["rjust"] = (frame, text, arguments) => Pad(frame, text, arguments, missing => missing),
        ["center"] = (frame, text, arguments) => Pad(frame, text, arguments, missing => missing / 2),
        ["expandtabs"] = (frame, text, arguments) => ExpandTabs(frame, text, arguments.Integer(0, "tabsize", 8)),
        ["encode"] = (_, text, _) => new PythonBytes(string.Concat(
            Encoding.UTF8.GetBytes(text).Select(b => b is >= 32 and < 127 ? ((char)b).ToString() : $"\\x{b:x2}"))),
        ["isalpha"] = (_, text, _) => All(text, Rune.IsLetter),
        ["isdigit"] = (_, text, _) => All(text, Rune.IsDigit),
        ["isdecimal"] = (_, text, _) => All(text, Rune.IsDigit),
        ["isnumeric"] = (_, text, _) => All(text, Rune.IsNumber),
        ["isalnum"] = (_, text, _) => All(text, rune => Rune.IsLetter(rune) || Rune.IsNumber(rune)),
        ["isspace"] = (_, text, _) => All(text, Rune.IsWhiteSpace),
        ["isupper"] = (_, text, _) => IsUpper(text),
        ["islower"] = (_, text, _) => IsLower(text),
    };

    public static bool TryGet(string name, out Func<Frame, string, Arguments, object?>? method) => Table.TryGetValue(name, out method);

    public static bool IsUpper(string text) => text.EnumerateRunes().Any(Rune.IsUpper) && !text.EnumerateRunes().Any(Rune.IsLower);

    public static bool IsLower(string text) => text.EnumerateRunes().Any(Rune.IsLower) && !text.EnumerateRunes().Any(Rune.IsUpper);

    public static string Strip(string text, string? chars, bool left, bool right)
    {
        bool Drops(Rune rune) => chars is null ? Rune.IsWhiteSpace(rune) || rune.Value is >= 0x1C and <= 0x1F : chars.EnumerateRunes().Contains(rune);
        var start = 0;
        var end = text.Length;
        while (left && start < end && Rune.GetRuneAt(text, start) is var rune && Drops(rune)) start += rune.Utf16SequenceLength;
        while (right && end > start && LastRune(text, end) is var rune && Drops(rune)) end -= rune.Utf16SequenceLength;
        return text[start..end];
    }

    public static string Replace(Frame frame, string text, string old, string replacement, long count)
    {
        var most = count < 0 ? long.MaxValue : count;
        var found = old.Length == 0 ? text.Length + 1L : Count(text, old);
        frame.State.Budget.Allocate(text.Length + Math.Min(found, most) * replacement.Length);
        if (most >= found && old.Length > 0) return text.Replace(old, replacement, StringComparison.Ordinal);

        var output = new StringBuilder();
        var position = 0;
        for (long done = 0; done < most && position <= text.Length; done++)
        {
            var at = text.IndexOf(old, position, StringComparison.Ordinal);
            if (at < 0) break;
            output.Append(text, position, at - position).Append(replacement);
            position = at + old.Length;
            if (old.Length > 0) continue;
            if (position < text.Length) output.Append(text[position]);
            position++;
        }

        return position < text.Length ? output.Append(text, position, text.Length - position).ToString() : output.ToString();
    }

    public static string Pad(Frame frame, string text, Arguments arguments, Func<int, int> left)
    {
        var width = arguments.Integer(0, "width", 80);
        frame.State.Budget.Allocate(Math.Max(0, width));
        var missing = (int)width - PythonValue.RuneCount(text);
        if (missing <= 0) return text;
        var fill = arguments.Text(1, "fillchar", " ")[0];
        return new string(fill, left(missing)) + text + new string(fill, missing - left(missing));
    }

    private static Rune LastRune(string text, int end)
    {
        Rune.DecodeLastFromUtf16(text.AsSpan(0, end), out var rune, out _);
        return rune;
    }

    private static bool All(string text, Func<Rune, bool> predicate) => text.Length > 0 && text.EnumerateRunes().All(predicate);

    private static string? Chars(Arguments arguments) => arguments.Get(0, "chars") is { } chars ? PythonText.Str(chars) : null;

    private static string Part(Arguments arguments) => PythonValue.AsText(arguments.Required(0, "sub"))
        ?? throw ChatTemplateException.Runtime($"must be str, not {PythonText.TypeName(arguments.Positional[0])}");

    private static string Separator(Arguments arguments) => Part(arguments) is { Length: > 0 } separator
        ? separator
        : throw ChatTemplateException.Runtime("empty separator");

    private static bool Any(Arguments arguments, Func<string, bool> matches) => arguments.Required(0, "prefix") is JinjaList parts
        ? parts.Items.Any(part => matches(PythonText.Str(part)))
        : matches(Part(arguments));

    private static JinjaList Split(Frame frame, string text, Arguments arguments, bool fromRight)
    {
        var limit = arguments.Integer(1, "maxsplit", -1);
        var most = limit < 0 ? int.MaxValue : (int)Math.Min(limit, int.MaxValue - 1);
        var parts = arguments.Get(0, "sep") is null
            ? SplitBlanks(text, most, fromRight)
            : SplitAt(text, Separator(new Arguments([arguments.Get(0, "sep")], arguments.Named)), most, fromRight);
        frame.State.Budget.Allocate(text.Length + parts.Count);
        return new JinjaList([.. parts]);
    }

    private static List<string> SplitAt(string text, string separator, int most, bool fromRight)
    {
        var parts = text.Split(separator).ToList();
        while (parts.Count - 1 > most)
        {
            var (at, keep) = fromRight ? (0, parts.Count - 1 - most) : (most, parts.Count - 1 - most);
            var joined = string.Join(separator, parts.GetRange(at, keep + 1));
            parts.RemoveRange(at, keep + 1);
            parts.Insert(at, joined);
        }

        return parts;
    }

    private static List<string> SplitBlanks(string text, int most, bool fromRight)
    {
        var words = new List<string>();
        text = Strip(text, null, !fromRight || most == int.MaxValue, fromRight || most == int.MaxValue);
        while (text.Length > 0)
        {
            var at = words.Count == most ? -1 : fromRight ? LastBlank(text) : FirstBlank(text);
            if (at < 0)
            {
                words.Add(Strip(text, null, fromRight, !fromRight && most != words.Count));
                break;
            }

            words.Add(fromRight ? text[(at + 1)..] : text[..at]);
            text = fromRight ? Strip(text[..at], null, false, true) : Strip(text[at..], null, true, false);
        }

        if (fromRight) words.Reverse();
        return words;
    }

    private static int FirstBlank(string text) => text.AsSpan().IndexOfAny(Blanks);

    private static int LastBlank(string text) => text.AsSpan().LastIndexOfAny(Blanks);

    private static readonly System.Buffers.SearchValues<char> Blanks = System.Buffers.SearchValues.Create(
        Enumerable.Range(0, char.MaxValue).Select(unit => (char)unit).Where(unit => char.IsWhiteSpace(unit) || unit is >= '\u001C' and <= '\u001F').ToArray());

    private static JinjaList SplitLines(Frame frame, string text, bool keepEnds)
    {
        frame.State.Budget.Allocate(text.Length);
        var lines = new List<object?>();
        for (var start = 0; start < text.Length;)
        {
            var at = text.AsSpan(start).IndexOfAny("\n\r\v\f\u001C\u001D\u001E\u0085\u2028\u2029");
            var end = at < 0 ? text.Length : start + at;
            var next = at < 0 ? end : end + (text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? 2 : 1);
            lines.Add(text[start..(keepEnds ? next : end)]);
            start = next;
        }

        return new JinjaList(lines);
    }

    private static JinjaList Partition(string text, string separator, bool fromRight)
    {
        var at = fromRight ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        if (at < 0) return fromRight ? JinjaList.Tuple("", "", text) : JinjaList.Tuple(text, "", "");
        return JinjaList.Tuple(text[..at], separator, text[(at + separator.Length)..]);
    }

    private static long Find(string text, string part, bool fromRight)
    {
        var at = fromRight ? text.LastIndexOf(part, StringComparison.Ordinal) : text.IndexOf(part, StringComparison.Ordinal);
        return at < 0 ? -1 : PythonValue.RuneCount(text[..at]);
    }

    private static long Index(string text, string part, bool fromRight) => Find(text, part, fromRight) is >= 0 and var at
        ? at
        : throw ChatTemplateException.Runtime("substring not found");

    private static long Count(string text, string part)
    {
        if (part.Length == 0) return PythonValue.RuneCount(text) + 1;
        long count = 0;
        for (var at = text.IndexOf(part, StringComparison.Ordinal); at >= 0; at = text.IndexOf(part, at + part.Length, StringComparison.Ordinal)) count++;
        return count;
    }

    private static string Join(Frame frame, string separator, object? iterable)
    {
        var items = PythonValue.Items(frame.State.Budget, iterable);
        var texts = items.Select((item, i) => PythonValue.AsText(item)
            ?? throw ChatTemplateException.Runtime($"sequence item {i}: expected str instance, {PythonText.TypeName(item)} found")).ToList();
        frame.State.Budget.Allocate(texts.Sum(text => (long)text.Length) + (long)separator.Length * texts.Count);
        return string.Join(separator, texts);
    }

    private static string Zfill(Frame frame, string text, long width)
    {
        frame.State.Budget.Allocate(Math.Max(0, width));
        var sign = text.Length > 0 && text[0] is '+' or '-' ? text[..1] : "";
        return sign + text[sign.Length..].PadLeft(Math.Max(0, (int)width - sign.Length), '0');
    }

    private static string ExpandTabs(Frame frame, string text, long size)
    {
        size = Math.Max(0, size);
        frame.State.Budget.Allocate(text.Length + Count(text, "\t") * Math.Min(size, int.MaxValue));
        var output = new StringBuilder();
        var column = 0;
        foreach (var unit in text)
        {
            if (unit == '\t')
            {
                var blanks = size == 0 ? 0 : (int)(size - column % size);
                output.Append(' ', blanks);
                column += blanks;
                continue;
            }

            output.Append(unit);
            column = unit is '\n' or '\r' ? 0 : column + 1;
        }

        return output.ToString();
    }
}
