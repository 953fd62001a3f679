namespace Hearth.Tokenization;

/// <summary>A macro with the scope it was defined in.</summary>
internal sealed class Macro(string name, MacroDefinition definition, Frame scope) : JinjaFunction(name, (_, _) => null)
{
    public IReadOnlyList<string> Parameters { get; } = [.. definition.Parameters.Select(parameter => parameter.Name)];

    public override object? Call(Frame frame, Arguments arguments)
    {
        var inner = scope.Inner();
        Bind(inner, arguments);
        return frame.State.Budget.Enter(() => frame.State.Capture(() => definition.Body.Execute(inner)));
    }

    private void Bind(Frame inner, Arguments arguments)
    {
        for (var i = 0; i < definition.Parameters.Count; i++)
        {
            var (parameter, absent) = definition.Parameters[i];
            if (i < arguments.Positional.Count) inner.Set(parameter, arguments.Positional[i]);
            else if (arguments.Named.TryGetValue(parameter, out var named)) inner.Set(parameter, named);
            else inner.Set(parameter, absent is null ? new Undefined($"parameter '{parameter}' was not provided") : absent.Evaluate(inner));
        }

        BindRest(inner, arguments);
    }

    /// <summary>What is left goes to varargs, kwargs and caller, if the body uses them.</summary>
    private void BindRest(Frame inner, Arguments arguments)
    {
        if (arguments.Positional.Count > Parameters.Count && !definition.UsedNames.Contains("varargs"))
            throw ChatTemplateException.Runtime($"macro '{Name}' takes not more than {Parameters.Count} argument(s)");
        inner.Set("varargs", new JinjaList([.. arguments.Positional.Skip(Parameters.Count)], isTuple: true));

        var rest = new JinjaDict();
        foreach (var (name, value) in arguments.Named.Where(entry => !Parameters.Contains(entry.Key)))
        {
            if (name == "caller") inner.Set("caller", value);
            else rest.Set(name, value);
        }

        if (rest.Count > 0 && !definition.UsedNames.Contains("kwargs"))
            throw ChatTemplateException.Runtime($"macro '{Name}' takes no keyword argument '{rest.Entries[0].Key}'");
        inner.Set("kwargs", rest);
    }
}
