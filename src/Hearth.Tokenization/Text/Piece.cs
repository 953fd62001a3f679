namespace Hearth.Tokenization;

/// <summary>Units [Start, End) of a buffer: what pre-tokenizers cut and the model turns into tokens.</summary>
internal readonly record struct Piece(TextBuffer Buffer, int Start, int End)
{
    public int Length => End - Start;

    public ReadOnlySpan<char> Chars => Buffer.Chars[Start..End];

    public static Piece Whole(TextBuffer buffer) => new(buffer, 0, buffer.Length);
}
