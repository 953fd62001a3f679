namespace Hearth.Tokenization;

/// <summary>The binary operators on values of any kind.</summary>
internal static class Operators
{
    public static object? Apply(Frame frame, string operation, object? left, object? right)
    {
        if (left is Undefined undefined) throw undefined.Error();
        if (PythonNumber.IsNumber(left) && PythonNumber.IsNumber(right)) return PythonNumber.Apply(operation, left, right);
        if (right is Undefined other && operation != "%") throw other.Error();
        var result = operation switch
        {
            "+" => Add(frame, left, right),
            "*" => Repeat(frame, left, right),
            "%" when PythonValue.AsText(left) is { } format => PythonFormat.PercentFormat(frame.State.Budget, format, right),
            _ => null,
        };
        return result ?? throw ChatTemplateException.Runtime(
            $"unsupported operand type(s) for {operation}: '{PythonText.TypeName(left)}' and '{PythonText.TypeName(right)}'");
    }

    /// <summary>~ joins anything as text.</summary>
    public static string Concatenate(Frame frame, IEnumerable<object?> values)
    {
        var texts = values.Select(value => PythonText.Str(frame.State.Budget, value)).ToList();
        frame.State.Budget.Allocate(texts.Sum(text => (long)text.Length));
        return string.Concat(texts);
    }

    private static object? Add(Frame frame, object? left, object? right)
    {
        if (PythonValue.AsText(left) is { } a && PythonValue.AsText(right) is { } b)
        {
            frame.State.Budget.Allocate((long)a.Length + b.Length);
            if (left is not Markup && right is not Markup) return a + b;
            return new Markup((left is Markup ? a : Markup.Escape(a)) + (right is Markup ? b : Markup.Escape(b)));
        }

        if (left is not JinjaList x || right is not JinjaList y || x.IsTuple != y.IsTuple) return null;
        frame.State.Budget.Allocate((long)x.Items.Count + y.Items.Count);
        return new JinjaList([.. x.Items, .. y.Items], x.IsTuple);
    }

    private static object? Repeat(Frame frame, object? left, object? right)
    {
        if (PythonNumber.IsInteger(left)) (left, right) = (right, left);
        if (!PythonNumber.IsInteger(right)) return null;
        var times = (long)System.Numerics.BigInteger.Max(0, System.Numerics.BigInteger.Min(PythonNumber.ToBig(right), int.MaxValue));
        if (PythonValue.AsText(left) is { } text)
        {
            frame.State.Budget.Allocate(times * text.Length);
            return string.Concat(Enumerable.Repeat(text, text.Length == 0 ? 0 : (int)times));
        }

        if (left is not JinjaList list) return null;
        frame.State.Budget.Allocate(times * list.Items.Count);
        return new JinjaList([.. Enumerable.Repeat(list.Items, list.Items.Count == 0 ? 0 : (int)times).SelectMany(items => items)], list.IsTuple);
    }
}
