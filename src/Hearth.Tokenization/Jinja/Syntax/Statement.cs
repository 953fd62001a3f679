namespace Hearth.Tokenization;

/// <summary>How a statement ended: break and continue travel up to their loop.</summary>
internal enum Flow
{
    Next,
    Break,
    Continue,
}

/// <summary>A part of a template that writes or sets something.</summary>
internal abstract record Statement
{
    public Flow Execute(Frame frame)
    {
        frame.State.Budget.Step();
        RenderBudget.Descend();
        return Run(frame);
    }

    protected abstract Flow Run(Frame frame);
}

internal sealed record Block(IReadOnlyList<Statement> Statements) : Statement
{
    protected override Flow Run(Frame frame)
    {
        foreach (var statement in Statements)
            if (statement.Execute(frame) is not Flow.Next and var flow) return flow;
        return Flow.Next;
    }
}

internal sealed record Data(string Text) : Statement
{
    protected override Flow Run(Frame frame)
    {
        frame.State.Write(Text);
        return Flow.Next;
    }
}

internal sealed record Output(Expression Value) : Statement
{
    protected override Flow Run(Frame frame)
    {
        var value = Value.Evaluate(frame);
        var text = PythonText.Str(frame.State.Budget, value);
        frame.State.Write(frame.State.Escapes && value is not Markup ? Markup.Escape(text) : text);
        return Flow.Next;
    }
}

internal sealed record If(IReadOnlyList<(Expression Test, Block Body)> Branches, Block? Else) : Statement
{
    protected override Flow Run(Frame frame)
    {
        foreach (var (test, body) in Branches)
            if (PythonValue.IsTrue(test.Evaluate(frame))) return body.Execute(frame);
        return Else?.Execute(frame) ?? Flow.Next;
    }
}

internal sealed record Jump(Flow To) : Statement
{
    protected override Flow Run(Frame frame) => To;
}

internal sealed record Set(Target Target, Expression Value) : Statement
{
    protected override Flow Run(Frame frame)
    {
        Target.Assign(frame, Value.Evaluate(frame));
        return Flow.Next;
    }
}

/// <summary>{% set x %}...{% endset %}, with filters perhaps.</summary>
internal sealed record SetBlock(Target Target, Block Body, Func<Expression, Expression> Filtered) : Statement
{
    protected override Flow Run(Frame frame)
    {
        var text = frame.State.Capture(() => Body.Execute(frame.Inner()));
        Target.Assign(frame, Filtered(new Constant(text)).Evaluate(frame));
        return Flow.Next;
    }
}

internal sealed record FilterBlock(Block Body, Func<Expression, Expression> Filtered) : Statement
{
    protected override Flow Run(Frame frame)
    {
        var text = frame.State.Capture(() => Body.Execute(frame.Inner()));
        return new Output(Filtered(new Constant(text))).Execute(frame);
    }
}

internal sealed record With(IReadOnlyList<(Target Target, Expression Value)> Assignments, Block Body) : Statement
{
    protected override Flow Run(Frame frame)
    {
        var inner = frame.Inner();
        foreach (var (target, value) in Assignments) target.Assign(inner, value.Evaluate(frame));
        return Body.Execute(inner);
    }
}

/// <summary>{% block %}: without inheritance, its own body in its own scope.</summary>
internal sealed record Scoped(Block Body) : Statement
{
    protected override Flow Run(Frame frame) => Body.Execute(frame.Inner());
}

internal sealed record AutoEscape(Expression Enabled, Block Body) : Statement
{
    protected override Flow Run(Frame frame)
    {
        var before = frame.State.Escapes;
        frame.State.Escapes = PythonValue.IsTrue(Enabled.Evaluate(frame));
        var flow = Body.Execute(frame.Inner());
        frame.State.Escapes = before;
        return flow;
    }
}

/// <summary>{% generation %}: what the model wrote, and is trained to write.</summary>
internal sealed record Generation(Block Body) : Statement
{
    protected override Flow Run(Frame frame)
    {
        var flow = Flow.Next;
        var text = frame.State.Capture(() => flow = Body.Execute(frame.Inner()));
        frame.State.WriteGeneration(text);
        return flow;
    }
}

internal sealed record MacroDefinition(
    string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters, Block Body, IReadOnlySet<string> UsedNames) : Statement
{
    protected override Flow Run(Frame frame)
    {
        frame.Set(Name, new Macro(Name, this, frame));
        return Flow.Next;
    }
}

/// <summary>{% call %}: a macro call whose body is handed over as "caller".</summary>
internal sealed record CallBlock(Call Call, MacroDefinition Body) : Statement
{
    protected override Flow Run(Frame frame)
    {
        var arguments = Call.Arguments.Evaluate(frame);
        var named = new Dictionary<string, object?>(arguments.Named, StringComparer.Ordinal) { ["caller"] = new Macro("caller", Body, frame) };
        var text = Call.Invoke(frame, Call.Target.Evaluate(frame), arguments with { Named = named });
        return new Output(new Constant(text)).Execute(frame);
    }
}
