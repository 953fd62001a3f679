namespace Hearth.Tokenization;

/// <summary>The one kind of value a template may change: attributes that outlive the loop that sets them.</summary>
internal sealed class JinjaNamespace
{
    public JinjaDict Attributes { get; } = new();

    public void Set(string name, object? value)
    {
        if (name.StartsWith('_'))
            throw ChatTemplateException.Runtime($"a namespace cannot store the underscore-prefixed attribute '{name}'; rename it.");
        Attributes.Set(name, value);
    }
}
