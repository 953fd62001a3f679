namespace Hearth.Tokenization;

/// <summary>The filters by name. Text and sequence filters live beside this file.</summary>
internal static class Filters
{
    public delegate object? Filter(Frame frame, object? value, Arguments arguments);

    private static readonly Dictionary<string, Filter> Table = Build();

    public static bool Exists(string name) => Table.ContainsKey(name);

    public static object? Apply(Frame frame, string name, object? value, Arguments arguments)
    {
        frame.State.Budget.Step();
        if (!Table.TryGetValue(name, out var filter)) throw ChatTemplateException.Runtime($"No filter named '{name}'.");
        var result = filter(frame, value, arguments);
        if (PythonValue.AsText(result) is { } text) frame.State.Budget.Allocate(text.Length);
        return result;
    }

    private static Dictionary<string, Filter> Build()
    {
        var table = new Dictionary<string, Filter>(StringComparer.Ordinal)
        {
            ["default"] = Default,
            ["d"] = Default,
            ["tojson"] = PythonJson.Filter,
            ["attr"] = Attribute,
            ["abs"] = (_, value, _) => PythonNumber.Compare(Number(value), 0L) < 0 ? PythonNumber.Negate(value) : value,
            ["int"] = ConversionFilters.Int,
            ["float"] = ConversionFilters.Float,
            ["round"] = ConversionFilters.Round,
            ["string"] = (frame, value, _) => value is Markup ? value : PythonText.Str(frame.State.Budget, value),
            ["filesizeformat"] = ConversionFilters.FileSize,
            ["length"] = (_, value, _) => PythonValue.Length(value),
            ["count"] = (_, value, _) => PythonValue.Length(value),
            ["items"] = Items,
        };
        TextFilters.AddTo(table);
        SequenceFilters.AddTo(table);
        return table;
    }

    private static object? Default(Frame frame, object? value, Arguments arguments) =>
        value is Undefined || (arguments.Flag(1, "boolean") && !PythonValue.IsTrue(value)) ? arguments.Get(0, "default_value", "") : value;

    private static object? Attribute(Frame frame, object? value, Arguments arguments)
    {
        var name = PythonText.Str(arguments.Required(0, "name"));
        if (name.StartsWith('_')) return Undefined.Unsafe(value, name);
        return Attributes.TryGetOwn(frame, value, name, out var found) ? found : Undefined.Attribute(value, name);
    }

    private static object? Items(Frame frame, object? value, Arguments arguments) => value switch
    {
        Undefined => new Generator([]),
        JinjaDict dict => new Generator(Attributes.ItemsOf(frame, dict).Items),
        _ => throw ChatTemplateException.Runtime("Can only get item pairs from a mapping."),
    };

    private static object? Number(object? value) => PythonNumber.IsNumber(value)
        ? value
        : throw ChatTemplateException.Runtime($"bad operand type: '{PythonText.TypeName(value)}'");
}
