namespace Hearth.Tokenization;

/// <summary>A variable or attribute that is not there: prints as nothing, is false and empty, fails when it is used.</summary>
internal sealed class Undefined(string message)
{
    public static Undefined Variable(string name) => new($"'{name}' is undefined");

    public static Undefined Attribute(object? owner, string name) => new($"'{PythonText.TypeName(owner)} object' has no attribute '{name}'");

    public static Undefined Unsafe(object? owner, string name) =>
        new($"access to attribute '{name}' of '{PythonText.TypeName(owner)}' object is unsafe.");

    public ChatTemplateException Error() => ChatTemplateException.Runtime(message);
}
