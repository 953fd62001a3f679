namespace Hearth.Tokenization;

/// <summary>A part of a template that has a value.</summary>
internal abstract record Expression
{
    public object? Evaluate(Frame frame)
    {
        frame.State.Budget.Step();
        RenderBudget.Descend();
        return Compute(frame);
    }

    protected abstract object? Compute(Frame frame);
}

internal sealed record Constant(object? Value) : Expression
{
    protected override object? Compute(Frame frame) => Value;
}

internal sealed record Name(string Id) : Expression
{
    protected override object? Compute(Frame frame) => frame.TryGet(Id, out var value) ? value : Undefined.Variable(Id);
}

internal sealed record ListLiteral(IReadOnlyList<Expression> Items, bool IsTuple) : Expression
{
    protected override object? Compute(Frame frame) => new JinjaList([.. Items.Select(item => item.Evaluate(frame))], IsTuple);
}

internal sealed record DictLiteral(IReadOnlyList<(Expression Key, Expression Value)> Items) : Expression
{
    protected override object? Compute(Frame frame)
    {
        var dict = new JinjaDict();
        foreach (var (key, value) in Items) dict.Set(key.Evaluate(frame), value.Evaluate(frame));
        return dict;
    }
}

internal sealed record Conditional(Expression Test, Expression Then, Expression? Else) : Expression
{
    protected override object? Compute(Frame frame)
    {
        if (PythonValue.IsTrue(Test.Evaluate(frame))) return Then.Evaluate(frame);
        return Else is null ? new Undefined("the inline if-expression evaluated to false and no else section was defined.") : Else.Evaluate(frame);
    }
}

internal sealed record Logical(bool IsAnd, Expression Left, Expression Right) : Expression
{
    protected override object? Compute(Frame frame) =>
        Left.Evaluate(frame) is var left && PythonValue.IsTrue(left) == IsAnd ? Right.Evaluate(frame) : left;
}

internal sealed record Not(Expression Operand) : Expression
{
    protected override object? Compute(Frame frame) => !PythonValue.IsTrue(Operand.Evaluate(frame));
}

internal sealed record Signed(bool IsNegative, Expression Operand) : Expression
{
    protected override object? Compute(Frame frame)
    {
        var value = Operand.Evaluate(frame);
        if (value is Undefined undefined) throw undefined.Error();
        if (!PythonNumber.IsNumber(value)) throw ChatTemplateException.Runtime($"bad operand type for unary -: '{PythonText.TypeName(value)}'");
        return IsNegative ? PythonNumber.Negate(value) : value;
    }
}

internal sealed record Binary(string Operation, Expression Left, Expression Right) : Expression
{
    protected override object? Compute(Frame frame) => Operators.Apply(frame, Operation, Left.Evaluate(frame), Right.Evaluate(frame));
}

internal sealed record Concatenation(IReadOnlyList<Expression> Parts) : Expression
{
    protected override object? Compute(Frame frame) => Operators.Concatenate(frame, Parts.Select(part => part.Evaluate(frame)));
}

/// <summary>a &lt; b &lt; c: each neighbouring pair must hold.</summary>
internal sealed record Comparison(Expression First, IReadOnlyList<(string Operation, Expression Operand)> Rest) : Expression
{
    protected override object? Compute(Frame frame)
    {
        var left = First.Evaluate(frame);
        foreach (var (operation, operand) in Rest)
        {
            var right = operand.Evaluate(frame);
            if (!Holds(frame.State.Budget, operation, left, right)) return false;
            left = right;
        }

        return true;
    }

    private static bool Holds(RenderBudget budget, string operation, object? left, object? right) => operation switch
    {
        "==" => PythonValue.AreEqual(budget, left, right),
        "!=" => !PythonValue.AreEqual(budget, left, right),
        "in" => PythonValue.Contains(budget, right, left),
        "not in" => !PythonValue.Contains(budget, right, left),
        "<" => PythonValue.Compare(budget, left, right) < 0,
        "<=" => PythonValue.Compare(budget, left, right) <= 0,
        ">" => PythonValue.Compare(budget, left, right) > 0,
        _ => PythonValue.Compare(budget, left, right) >= 0,
    };
}

internal sealed record GetAttribute(Expression Owner, string Id) : Expression
{
    protected override object? Compute(Frame frame) => Attributes.Get(frame, Owner.Evaluate(frame), Id);
}

internal sealed record GetItem(Expression Owner, Expression Key) : Expression
{
    protected override object? Compute(Frame frame) => Attributes.GetItem(frame, Owner.Evaluate(frame), Key.Evaluate(frame));
}

internal sealed record SliceLiteral(Expression? Start, Expression? Stop, Expression? Step) : Expression
{
    protected override object? Compute(Frame frame) => new Slice(Start?.Evaluate(frame), Stop?.Evaluate(frame), Step?.Evaluate(frame));
}
