using System.Globalization;

namespace Hearth.Tokenization;

/// <summary>Filters that walk, pick from, order and join sequences.</summary>
internal static class SequenceFilters
{
    public static void AddTo(Dictionary<string, Filters.Filter> table)
    {
        table["list"] = (frame, value, _) => new JinjaList([.. Items(frame, value)]);
        table["first"] = (frame, value, _) => Items(frame, value) is [var first, ..] ? first : new Undefined("No first item, sequence was empty.");
        table["last"] = (frame, value, _) => Items(frame, value) is [.., var last] ? last : new Undefined("No last item, sequence was empty.");
        table["join"] = Join;
        table["reverse"] = Reverse;
        table["sort"] = Sort;
        table["unique"] = Unique;
        table["map"] = Map;
        table["select"] = (frame, value, arguments) => Select(frame, value, arguments, keeps: true, byAttribute: false);
        table["reject"] = (frame, value, arguments) => Select(frame, value, arguments, keeps: false, byAttribute: false);
        table["selectattr"] = (frame, value, arguments) => Select(frame, value, arguments, keeps: true, byAttribute: true);
        table["rejectattr"] = (frame, value, arguments) => Select(frame, value, arguments, keeps: false, byAttribute: true);
        table["dictsort"] = DictSort;
        table["groupby"] = GroupBy;
        table["sum"] = Sum;
        table["min"] = (frame, value, arguments) => Extreme(frame, value, arguments, sign: -1);
        table["max"] = (frame, value, arguments) => Extreme(frame, value, arguments, sign: 1);
        table["batch"] = Batch;
        table["slice"] = Slices;
    }

    private static List<object?> Items(Frame frame, object? value) => PythonValue.Items(frame.State.Budget, value);

    /// <summary>Reads "a.b.0" off a value, one part after another.</summary>
    private static Func<object?, object?> Reader(Frame frame, object? attribute, object? absent = null)
    {
        if (attribute is null) return value => value;
        object?[] path = PythonNumber.IsInteger(attribute)
            ? [attribute]
            : [.. PythonText.Str(attribute).Split('.').Select(part => long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : (object?)part)];
        return value =>
        {
            foreach (var part in path) value = Attributes.GetItem(frame, value, part);
            return value is Undefined && absent is not null ? absent : value;
        };
    }

    /// <summary>What values are compared by: texts without case unless asked otherwise.</summary>
    private static Func<object?, object?> SortKey(bool caseSensitive, Func<object?, object?> read) => value =>
        read(value) is var key && !caseSensitive && PythonValue.AsText(key) is { } text ? PythonCase.Lower(text) : key;

    private static Comparer<object?> Order(Frame frame) =>
        Comparer<object?>.Create((left, right) => PythonValue.Compare(frame.State.Budget, left, right));

    private static List<object?> Sorted(Frame frame, List<object?> items, Func<object?, object?> key, bool reverse) =>
        reverse ? [.. items.OrderByDescending(key, Order(frame))] : [.. items.OrderBy(key, Order(frame))];

    private static object? Join(Frame frame, object? value, Arguments arguments)
    {
        var separator = arguments.Text(0, "d", "");
        var read = Reader(frame, arguments.Get(1, "attribute"));
        var texts = Items(frame, value).Select(item => PythonText.Str(frame.State.Budget, read(item))).ToList();
        frame.State.Budget.Allocate(texts.Sum(text => (long)text.Length) + (long)separator.Length * texts.Count);
        return string.Join(separator, texts);
    }

    private static object? Reverse(Frame frame, object? value, Arguments arguments)
    {
        var items = Enumerable.Reverse(Items(frame, value)).ToList();
        return PythonValue.AsText(value) is null ? new Generator(items) : string.Concat(items);
    }

    private static object? Sort(Frame frame, object? value, Arguments arguments)
    {
        var key = SortKey(arguments.Flag(1, "case_sensitive"), Reader(frame, arguments.Get(2, "attribute")));
        return new JinjaList(Sorted(frame, Items(frame, value), key, arguments.Flag(0, "reverse")));
    }

    private static object? Unique(Frame frame, object? value, Arguments arguments)
    {
        var key = SortKey(arguments.Flag(0, "case_sensitive"), Reader(frame, arguments.Get(1, "attribute")));
        var seen = new JinjaDict();
        var result = new List<object?>();
        foreach (var item in Items(frame, value))
        {
            if (seen.TryGet(key(item), out _)) continue;
            seen.Set(key(item), true);
            result.Add(item);
        }

        return new Generator(result);
    }

    private static object? Map(Frame frame, object? value, Arguments arguments)
    {
        Func<object?, object?> map;
        if (arguments.Named.TryGetValue("attribute", out var attribute)) map = Reader(frame, attribute, arguments.Named.GetValueOrDefault("default"));
        else
        {
            var name = PythonText.Str(arguments.Required(0, "filter"));
            map = item => Filters.Apply(frame, name, item, arguments.Skip(1));
        }

        return new Generator([.. Items(frame, value).Select(map)]);
    }

    private static object? Select(Frame frame, object? value, Arguments arguments, bool keeps, bool byAttribute)
    {
        var read = Reader(frame, byAttribute ? arguments.Required(0, "attribute") : null);
        var rest = byAttribute ? arguments.Skip(1) : arguments;
        bool Passes(object? item) => rest.Positional.Count == 0
            ? PythonValue.IsTrue(read(item))
            : Tests.Apply(frame, PythonText.Str(rest.Positional[0]), read(item), rest.Skip(1));
        return new Generator([.. Items(frame, value).Where(item => Passes(item) == keeps)]);
    }

    private static object? DictSort(Frame frame, object? value, Arguments arguments)
    {
        if (value is not JinjaDict dict) throw ChatTemplateException.Runtime("dictsort needs a mapping");
        var at = arguments.Text(1, "by", "key") == "value" ? 1 : 0;
        var key = SortKey(arguments.Flag(0, "case_sensitive"), pair => ((JinjaList)pair!).Items[at]);
        return new JinjaList(Sorted(frame, Attributes.ItemsOf(frame, dict).Items, key, arguments.Flag(2, "reverse")));
    }

    private static object? GroupBy(Frame frame, object? value, Arguments arguments)
    {
        var read = Reader(frame, arguments.Required(0, "attribute"), arguments.Get(1, "default"));
        var key = SortKey(arguments.Flag(2, "case_sensitive"), read);
        var groups = new List<object?>();
        object? last = null;
        foreach (var item in Sorted(frame, Items(frame, value), key, reverse: false))
        {
            if (groups.Count == 0 || !PythonValue.AreEqual(frame.State.Budget, last, key(item)))
                groups.Add(JinjaList.Tuple(read(item), new JinjaList([])));
            last = key(item);
            ((JinjaList)((JinjaList)groups[^1]!).Items[1]!).Items.Add(item);
        }

        return new JinjaList(groups);
    }

    private static object? Sum(Frame frame, object? value, Arguments arguments)
    {
        var read = Reader(frame, arguments.Get(0, "attribute"));
        return Items(frame, value).Aggregate(arguments.Get(1, "start", 0L), (total, item) => Operators.Apply(frame, "+", total, read(item)));
    }

    private static object? Extreme(Frame frame, object? value, Arguments arguments, int sign)
    {
        var key = SortKey(arguments.Flag(0, "case_sensitive"), Reader(frame, arguments.Get(1, "attribute")));
        var items = Items(frame, value);
        if (items.Count == 0) return new Undefined("No aggregated item, sequence was empty.");
        return items.Aggregate((best, item) =>
            Math.Sign(PythonValue.Compare(frame.State.Budget, key(item), key(best))) == sign ? item : best);
    }

    private static object? Batch(Frame frame, object? value, Arguments arguments)
    {
        var size = arguments.Integer(0, "linecount", 0);
        if (size < 1) throw ChatTemplateException.Runtime("batch needs a size of at least 1");
        var rows = new List<object?>();
        foreach (var chunk in Items(frame, value).Chunk((int)Math.Min(size, int.MaxValue / 2))) rows.Add(new JinjaList([.. chunk]));
        if (rows.Count > 0 && arguments.Get(1, "fill_with") is { } fill)
        {
            frame.State.Budget.Allocate(size);
            var last = ((JinjaList)rows[^1]!).Items;
            while (last.Count < size) last.Add(fill);
        }

        return new Generator(rows);
    }

    private static object? Slices(Frame frame, object? value, Arguments arguments)
    {
        var count = arguments.Integer(0, "slices", 0);
        if (count < 1) throw ChatTemplateException.Runtime("slice needs a count of at least 1");
        frame.State.Budget.Allocate(count);
        var items = Items(frame, value);
        var (size, larger) = ((int)(items.Count / count), (int)(items.Count % count));
        var columns = new List<object?>();
        for (var i = 0; i < count; i++)
        {
            var column = items.GetRange(i * size + Math.Min(i, larger), size + (i < larger ? 1 : 0));
            if (i >= larger && larger > 0 && arguments.Get(1, "fill_with") is { } fill) column.Add(fill);
            columns.Add(new JinjaList(column));
        }

        return new Generator(columns);
    }
}
