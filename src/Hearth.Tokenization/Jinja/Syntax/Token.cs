namespace Hearth.Tokenization;

internal enum TokenKind
{
    /// <summary>Text outside of tags.</summary>
    Data,
    OutputStart,
    OutputEnd,
    BlockStart,
    BlockEnd,
    Name,
    Text,
    Integer,
    Float,
    Operator,
    End,
}

/// <summary>A token of a template. <see cref="Value"/> holds the constant of a literal.</summary>
internal sealed record Token(TokenKind Kind, string Text, int Line, object? Value = null)
{
    public bool Is(string text) => Kind is TokenKind.Operator or TokenKind.Name && Text == text;
}
