namespace Hearth.Tokenization;

/// <summary>start:stop:step between brackets.</summary>
internal sealed record Slice(object? Start, object? Stop, object? Step)
{
    public object? Of(Frame frame, object? owner)
    {
        if (owner is not (JinjaList or string or Markup)) return new Undefined($"'{PythonText.TypeName(owner)} object' cannot be sliced");
        var items = PythonValue.Items(frame.State.Budget, owner);
        var step = Step is null ? 1 : PythonNumber.ToLong(Step);
        if (step == 0) throw ChatTemplateException.Runtime("slice step cannot be zero");
        var start = Bound(Start, items.Count, step, isStart: true);
        var stop = Bound(Stop, items.Count, step, isStart: false);

        var result = new List<object?>();
        for (var i = start; step > 0 ? i < stop : i > stop; i += Math.Clamp(step, -items.Count - 1, items.Count + 1)) result.Add(items[(int)i]);
        return owner is JinjaList list ? new JinjaList(result, list.IsTuple) : string.Concat(result);
    }

    private static long Bound(object? value, int count, long step, bool isStart)
    {
        var (low, high) = step > 0 ? (0L, count) : (-1L, count - 1L);
        if (value is null) return isStart == step > 0 ? low : high;
        var index = PythonNumber.ToLong(value);
        if (index < 0) index += count;
        return Math.Clamp(index, low, high);
    }
}
