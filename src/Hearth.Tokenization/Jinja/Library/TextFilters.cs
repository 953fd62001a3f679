using System.Text;

namespace Hearth.Tokenization;

/// <summary>Filters from text to text.</summary>
internal static class TextFilters
{
    public static void AddTo(Dictionary<string, Filters.Filter> table)
    {
        table["upper"] = (frame, value, _) => PythonCase.Upper(Text(frame, value));
        table["lower"] = (frame, value, _) => PythonCase.Lower(Text(frame, value));
        table["capitalize"] = (frame, value, _) => PythonCase.Capitalize(Text(frame, value));
        table["title"] = (frame, value, _) => Title(Text(frame, value));
        table["trim"] = (frame, value, arguments) => StringMethods.Strip(
            Text(frame, value), arguments.Get(0, "chars") is { } chars ? PythonText.Str(chars) : null, left: true, right: true);
        table["replace"] = (frame, value, arguments) => StringMethods.Replace(
            frame, Text(frame, value), PythonText.Str(arguments.Required(0, "old")), PythonText.Str(arguments.Required(1, "new")),
            arguments.Get(2, "count") is { } count ? PythonNumber.ToLong(count) : -1);
        table["center"] = (frame, value, arguments) => StringMethods.Pad(frame, Text(frame, value), arguments, missing => missing / 2);
        table["indent"] = Indent;
        table["truncate"] = Truncate;
        table["wordcount"] = (frame, value, _) => (long)Text(frame, value).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
        table["wordwrap"] = WordWrap;
        table["striptags"] = (frame, value, _) => string.Join(
            ' ', Without(Without(Text(frame, value), "<!--", "-->"), "<", ">").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        table["urlencode"] = UrlEncode;
        table["format"] = (frame, value, arguments) => PythonFormat.PercentFormat(
            frame.State.Budget, Text(frame, value), new JinjaList([.. arguments.Positional], isTuple: true));
        table["escape"] = Escape;
        table["e"] = Escape;
        table["forceescape"] = (frame, value, _) => new Markup(Markup.Escape(Text(frame, value)));
        table["safe"] = (frame, value, _) => value is Markup ? value : new Markup(Text(frame, value));
        table["xmlattr"] = XmlAttributes;
    }

    private static string Text(Frame frame, object? value) => PythonText.Str(frame.State.Budget, value);

    private static object? Escape(Frame frame, object? value, Arguments arguments) =>
        value is Markup ? value : new Markup(Markup.Escape(Text(frame, value)));

    private static string Without(string text, string open, string close)
    {
        var output = new StringBuilder();
        var position = 0;
        while (text.IndexOf(open, position, StringComparison.Ordinal) is >= 0 and var start
            && text.IndexOf(close, start, StringComparison.Ordinal) is >= 0 and var end)
        {
            output.Append(text, position, start - position);
            position = end + close.Length;
        }

        return output.Append(text, position, text.Length - position).ToString();
    }

    // Jinja cuts words at blanks, hyphens and brackets only: "they're" keeps its small r.
    private static string Title(string text)
    {
        var output = new StringBuilder();
        var start = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && !char.IsWhiteSpace(text[i]) && !"-({[<".Contains(text[i])) continue;
            output.Append(PythonCase.Capitalize(text[start..i]));
            if (i < text.Length) output.Append(text[i]);
            start = i + 1;
        }

        return output.ToString();
    }

    private static object? Indent(Frame frame, object? value, Arguments arguments)
    {
        var text = Text(frame, value);
        var width = arguments.Get(0, "width", 4L);
        if (PythonValue.AsText(width) is null) frame.State.Budget.Allocate(PythonNumber.ToLong(width));
        var prefix = PythonValue.AsText(width) ?? new string(' ', Math.Max(0, (int)PythonNumber.ToLong(width)));
        var (first, blank) = (arguments.Flag(1, "first"), arguments.Flag(2, "blank"));
        var lines = text.Split('\n');
        frame.State.Budget.Allocate(text.Length + (long)prefix.Length * lines.Length);
        for (var i = 0; i < lines.Length; i++)
            if (i == 0 ? first : blank || lines[i].Length > 0) lines[i] = prefix + lines[i];
        return string.Join('\n', lines);
    }

    private static object? Truncate(Frame frame, object? value, Arguments arguments)
    {
        var text = Text(frame, value);
        var length = arguments.Integer(0, "length", 255);
        var end = arguments.Text(2, "end", "...");
        var leeway = arguments.Integer(3, "leeway", 5);
        var runes = text.EnumerateRunes().ToArray();
        if (runes.Length <= length + leeway) return text;
        var kept = string.Concat(runes.Take((int)Math.Max(0, length - end.Length)).Select(rune => rune.ToString()));
        if (arguments.Flag(1, "killwords")) return kept + end;
        var blank = kept.LastIndexOf(' ');
        return (blank < 0 ? kept : kept[..blank]) + end;
    }

    private static object? WordWrap(Frame frame, object? value, Arguments arguments)
    {
        var width = (int)Math.Clamp(arguments.Integer(0, "width", 79), 1, 100_000);
        var separator = arguments.Get(2, "wrapstring") is { } given ? PythonText.Str(given) : "\n";
        var lines = Text(frame, value).Split('\n').SelectMany(line => Wrap(line, width)).ToList();
        frame.State.Budget.Allocate(lines.Sum(line => (long)line.Length + separator.Length));
        return string.Join(separator, lines);
    }

    private static List<string> Wrap(string line, int width)
    {
        var lines = new List<string>();
        var current = "";
        foreach (var word in line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var rest = word;
            if (current.Length > 0 && current.Length + 1 + rest.Length <= width)
            {
                current += " " + rest;
                continue;
            }

            if (current.Length > 0) lines.Add(current);
            for (; rest.Length > width; rest = rest[width..]) lines.Add(rest[..width]);
            current = rest;
        }

        lines.Add(current);
        return lines;
    }

    private static object? UrlEncode(Frame frame, object? value, Arguments arguments)
    {
        if (PythonValue.AsText(value) is not null || PythonNumber.IsNumber(value)) return Quote(Text(frame, value)).Replace("%2F", "/", StringComparison.Ordinal);
        var pairs = value is JinjaDict dict ? Attributes.ItemsOf(frame, dict).Items : PythonValue.Items(frame.State.Budget, value);
        return string.Join('&', pairs.Select(pair => pair is JinjaList { Items.Count: 2 } two
            ? $"{Quote(Text(frame, two.Items[0]))}={Quote(Text(frame, two.Items[1]))}"
            : throw ChatTemplateException.Runtime("urlencode needs pairs")));
    }

    private static string Quote(string text) => Uri.EscapeDataString(text);

    private static object? XmlAttributes(Frame frame, object? value, Arguments arguments)
    {
        if (value is not JinjaDict dict) throw ChatTemplateException.Runtime("xmlattr needs a mapping");
        var pairs = dict.Entries.Where(entry => entry.Value is not (null or Undefined))
            .Select(entry => $"{Markup.Escape(Text(frame, entry.Key))}=\"{Markup.Escape(Text(frame, entry.Value))}\"");
        var joined = string.Join(' ', pairs);
        return joined.Length > 0 && arguments.Flag(0, "autospace", absent: true) ? " " + joined : joined;
    }
}
