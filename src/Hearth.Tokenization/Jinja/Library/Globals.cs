using System.Globalization;

namespace Hearth.Tokenization;

/// <summary>The functions every template has.</summary>
internal static class Globals
{
    private const int LongestRange = 100_000; // jinja2's sandbox, MAX_RANGE

    public static void AddTo(Frame frame)
    {
        Add(frame, "raise_exception", (_, arguments) =>
            throw new ChatTemplateException(ChatTemplateError.Raised, PythonText.Str(arguments.Required(0, "message"))));
        Add(frame, "strftime_now", (caller, arguments) => PythonTime.Format(caller.State.Now, PythonText.Str(arguments.Required(0, "format"))));
        Add(frame, "range", Range);
        Add(frame, "dict", Dict);
        Add(frame, "namespace", (caller, arguments) => Namespace(caller, arguments));
        Add(frame, "cycler", (_, arguments) => arguments.Positional.Count > 0
            ? new Cycler(arguments.Positional)
            : throw ChatTemplateException.Runtime("at least one item has to be provided"));
        Add(frame, "joiner", (_, arguments) => Joiner(arguments.Text(0, "sep", ", ")));
        Add(frame, "lipsum", (_, _) => throw ChatTemplateException.Runtime("lipsum is not supported"));
        frame.Set("self", new TemplateReference());
    }

    private static void Add(Frame frame, string name, Func<Frame, Arguments, object?> body) => frame.Set(name, new JinjaFunction(name, body));

    private static JinjaList Range(Frame frame, Arguments arguments)
    {
        var values = arguments.Positional.Select(PythonNumber.ToLong).ToArray();
        var (start, stop) = values.Length == 1 ? (0, values[0]) : (values[0], values[1]);
        var step = values.Length > 2 ? values[2] : 1;
        if (step == 0) throw ChatTemplateException.Runtime("range() arg 3 must not be zero");
        var count = Math.Max(0, (long)Math.Min(int.MaxValue, Math.Ceiling(((double)stop - start) / step)));
        if (count > LongestRange) throw RenderBudget.Exceeded($"uses a range of more than {LongestRange}");
        frame.State.Budget.Allocate(count);
        return new JinjaList([.. Enumerable.Range(0, (int)count).Select(i => (object?)(start + i * step))]);
    }

    private static JinjaDict Dict(Frame frame, Arguments arguments)
    {
        var dict = new JinjaDict();
        if (arguments.Get(0, "") is { } source)
        {
            var pairs = source is JinjaDict other ? Attributes.ItemsOf(frame, other).Items : PythonValue.Items(frame.State.Budget, source);
            foreach (var pair in pairs.Select(pair => PythonValue.Items(frame.State.Budget, pair)))
                dict.Set(pair[0], pair.Count == 2 ? pair[1] : throw ChatTemplateException.Runtime("dict() needs pairs"));
        }

        foreach (var (name, value) in arguments.Named) dict.Set(name, value);
        return dict;
    }

    private static JinjaNamespace Namespace(Frame frame, Arguments arguments)
    {
        var names = new JinjaNamespace();
        foreach (var (key, value) in Dict(frame, arguments).Entries) names.Set(PythonText.Str(key), value);
        return names;
    }

    private static JinjaFunction Joiner(string separator)
    {
        var isFirst = true;
        return new JinjaFunction("joiner", (_, _) =>
        {
            var text = isFirst ? "" : separator;
            isFirst = false;
            return text;
        });
    }
}
