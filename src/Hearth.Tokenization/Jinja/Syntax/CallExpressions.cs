namespace Hearth.Tokenization;

/// <summary>The arguments as written: positional, named, and the starred ones.</summary>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named, Expression? StarList, Expression? StarDict)
{
    public static ArgumentList None { get; } = new([], [], null, null);

    public Arguments Evaluate(Frame frame)
    {
        if (ReferenceEquals(this, None)) return Arguments.None;
        var positional = Positional.Select(value => value.Evaluate(frame)).ToList();
        var named = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in Named) named[name] = value.Evaluate(frame);
        if (StarList is not null) positional.AddRange(PythonValue.Items(frame.State.Budget, StarList.Evaluate(frame)));
        if (StarDict?.Evaluate(frame) is JinjaDict dict)
            foreach (var (key, value) in dict.Entries) named[PythonText.Str(key)] = value;
        return new Arguments(positional, named);
    }
}

internal sealed record Call(Expression Target, ArgumentList Arguments) : Expression
{
    protected override object? Compute(Frame frame) => Invoke(frame, Target.Evaluate(frame), Arguments.Evaluate(frame));

    public static object? Invoke(Frame frame, object? target, Arguments arguments)
    {
        var result = target switch
        {
            Undefined undefined => throw undefined.Error(),
            JinjaFunction function => function.Call(frame, arguments),
            LoopCallable loop => loop.Loop.Recurse(frame, arguments),
            _ => throw ChatTemplateException.Runtime($"'{PythonText.TypeName(target)}' object is not callable"),
        };
        if (PythonValue.AsText(result) is { } text) frame.State.Budget.Allocate(text.Length);
        return result;
    }
}

internal sealed record FilterCall(Expression Value, string Id, ArgumentList Arguments) : Expression
{
    protected override object? Compute(Frame frame) => Filters.Apply(frame, Id, Value.Evaluate(frame), Arguments.Evaluate(frame));
}

internal sealed record TestCall(Expression Value, string Id, ArgumentList Arguments) : Expression
{
    protected override object? Compute(Frame frame) => Tests.Apply(frame, Id, Value.Evaluate(frame), Arguments.Evaluate(frame));
}
