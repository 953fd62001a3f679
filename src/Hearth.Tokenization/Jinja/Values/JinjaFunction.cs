namespace Hearth.Tokenization;

/// <summary>Anything a template can call.</summary>
internal class JinjaFunction(string name, Func<Frame, Arguments, object?> body)
{
    public string Name { get; } = name;

    public virtual object? Call(Frame frame, Arguments arguments) => body(frame, arguments);
}
