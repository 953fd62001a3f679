namespace Hearth.Tokenization;

/// <summary>Why a chat template gave no text.</summary>
public enum ChatTemplateError
{
    /// <summary>It does not parse, or uses something this engine does not have.</summary>
    Syntax,

    /// <summary>An operation failed while rendering.</summary>
    Runtime,

    /// <summary>The template itself called raise_exception; the message is the template's.</summary>
    Raised,

    /// <summary>It used more steps, text or depth than a template may.</summary>
    Limit,
}

/// <summary>A chat template could not be read or rendered.</summary>
public sealed class ChatTemplateException(ChatTemplateError error, string message) : Exception(message)
{
    public ChatTemplateError Error { get; } = error;

    internal static ChatTemplateException Runtime(string message) => new(ChatTemplateError.Runtime, $"Chat template: {message}");

    internal static ChatTemplateException Syntax(string message, int line) =>
        new(ChatTemplateError.Syntax, $"Chat template, line {line}: {message}");
}
