namespace Hearth.Tokenization;

/// <summary>What can stand left of "=" or before "in".</summary>
internal abstract record Target
{
    public abstract void Assign(Frame frame, object? value);
}

internal sealed record NameTarget(string Id) : Target
{
    public override void Assign(Frame frame, object? value) => frame.Set(Id, value);
}

internal sealed record NamespaceTarget(string Id, string Attribute) : Target
{
    public override void Assign(Frame frame, object? value)
    {
        if (!frame.TryGet(Id, out var owner) || owner is not JinjaNamespace names)
            throw ChatTemplateException.Runtime("cannot assign attribute on non-namespace object");
        names.Set(Attribute, value);
    }
}

internal sealed record TupleTarget(IReadOnlyList<Target> Parts) : Target
{
    public override void Assign(Frame frame, object? value)
    {
        var items = PythonValue.Items(frame.State.Budget, value);
        if (items.Count != Parts.Count)
            throw ChatTemplateException.Runtime($"cannot unpack {items.Count} values into {Parts.Count} names");
        for (var i = 0; i < items.Count; i++) Parts[i].Assign(frame, items[i]);
    }
}
