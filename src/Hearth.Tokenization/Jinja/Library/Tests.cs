using System.Numerics;

namespace Hearth.Tokenization;

/// <summary>What stands behind "is".</summary>
internal static class Tests
{
    private static readonly Dictionary<string, Func<Frame, object?, Arguments, bool>> Table = new(StringComparer.Ordinal)
    {
        ["defined"] = (_, value, _) => value is not Undefined,
        ["undefined"] = (_, value, _) => value is Undefined,
        ["none"] = (_, value, _) => value is null,
        ["boolean"] = (_, value, _) => value is bool,
        ["true"] = (_, value, _) => value is true,
        ["false"] = (_, value, _) => value is false,
        ["integer"] = (_, value, _) => value is long or BigInteger,
        ["float"] = (_, value, _) => value is double,
        ["number"] = (_, value, _) => PythonNumber.IsNumber(value),
        ["string"] = (_, value, _) => value is string or Markup,
        ["mapping"] = (_, value, _) => value is JinjaDict,
        ["sequence"] = (_, value, _) => value is string or Markup or JinjaList or JinjaDict or Undefined,
        ["iterable"] = (_, value, _) => value is string or Markup or JinjaList or JinjaDict or Generator or Undefined,
        ["callable"] = (_, value, _) => value is JinjaFunction or LoopCallable or Undefined,
        ["escaped"] = (_, value, _) => value is Markup,
        ["odd"] = (_, value, _) => !PythonNumber.ToBig(value).IsEven,
        ["even"] = (_, value, _) => PythonNumber.ToBig(value).IsEven,
        ["divisibleby"] = (_, value, arguments) => PythonNumber.ToBig(PythonNumber.Apply("%", value, arguments.Required(0, "num"))).IsZero,
        ["lower"] = (_, value, _) => StringMethods.IsLower(PythonText.Str(value)),
        ["upper"] = (_, value, _) => StringMethods.IsUpper(PythonText.Str(value)),
        ["sameas"] = (frame, value, arguments) => IsSame(frame, value, arguments.Required(0, "other")),
        ["in"] = (frame, value, arguments) => PythonValue.Contains(frame.State.Budget, arguments.Required(0, "seq"), value),
        ["filter"] = (_, value, _) => Filters.Exists(PythonText.Str(value)),
        ["test"] = (_, value, _) => Exists(PythonText.Str(value)),
        ["eq"] = AreEqual,
        ["=="] = AreEqual,
        ["equalto"] = AreEqual,
        ["ne"] = (frame, value, arguments) => !AreEqual(frame, value, arguments),
        ["!="] = (frame, value, arguments) => !AreEqual(frame, value, arguments),
        ["lt"] = (frame, value, arguments) => Compare(frame, value, arguments) < 0,
        ["<"] = (frame, value, arguments) => Compare(frame, value, arguments) < 0,
        ["lessthan"] = (frame, value, arguments) => Compare(frame, value, arguments) < 0,
        ["le"] = (frame, value, arguments) => Compare(frame, value, arguments) <= 0,
        ["<="] = (frame, value, arguments) => Compare(frame, value, arguments) <= 0,
        ["gt"] = (frame, value, arguments) => Compare(frame, value, arguments) > 0,
        [">"] = (frame, value, arguments) => Compare(frame, value, arguments) > 0,
        ["greaterthan"] = (frame, value, arguments) => Compare(frame, value, arguments) > 0,
        ["ge"] = (frame, value, arguments) => Compare(frame, value, arguments) >= 0,
        [">="] = (frame, value, arguments) => Compare(frame, value, arguments) >= 0,
    };

    public static bool Exists(string name) => Table.ContainsKey(name);

    public static bool Apply(Frame frame, string name, object? value, Arguments arguments)
    {
        frame.State.Budget.Step();
        return Table.TryGetValue(name, out var test)
            ? test(frame, value, arguments)
            : throw ChatTemplateException.Runtime($"No test named '{name}'.");
    }

    private static bool AreEqual(Frame frame, object? value, Arguments arguments) =>
        PythonValue.AreEqual(frame.State.Budget, value, arguments.Required(0, "other"));

    private static int Compare(Frame frame, object? value, Arguments arguments) =>
        PythonValue.Compare(frame.State.Budget, value, arguments.Required(0, "other"));

    // Python's "is" for what templates compare: constants, small numbers, interned texts.
    private static bool IsSame(Frame frame, object? left, object? right) =>
        left?.GetType() == right?.GetType() && (left is not (JinjaList or JinjaDict) ? PythonValue.AreEqual(frame.State.Budget, left, right) : ReferenceEquals(left, right));
}
