namespace Hearth.Tokenization;

/// <summary>A loop. Every round has its own scope; what it sets is gone in the next.</summary>
internal sealed record For(Target Target, Expression Iterable, Expression? Filter, Block Body, Block? Else, bool IsRecursive) : Statement
{
    protected override Flow Run(Frame frame)
    {
        Loop(frame, Iterable.Evaluate(frame), depth: 1);
        return Flow.Next;
    }

    private void Loop(Frame frame, object? iterable, int depth)
    {
        var items = PythonValue.Items(frame.State.Budget, iterable);
        if (Filter is not null) items = [.. items.Where(item => Passes(frame, item))];
        if (items.Count == 0)
        {
            Else?.Execute(frame.Inner());
            return;
        }

        var context = new LoopContext(items, depth, IsRecursive ? (_, inner) => Recurse(frame, inner, depth + 1) : null);
        var callable = new LoopCallable(context);
        for (var i = 0; i < items.Count; i++)
        {
            context.Index = i;
            var round = frame.Inner();
            round.Set("loop", callable);
            Target.Assign(round, items[i]);
            if (Body.Execute(round) == Flow.Break) return;
        }
    }

    private string Recurse(Frame frame, object? iterable, int depth) =>
        frame.State.Budget.Enter(() => frame.State.Capture(() => Loop(frame, iterable, depth)));

    private bool Passes(Frame frame, object? item)
    {
        var inner = frame.Inner();
        Target.Assign(inner, item);
        return PythonValue.IsTrue(Filter!.Evaluate(inner));
    }
}
