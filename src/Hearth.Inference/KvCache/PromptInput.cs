namespace Hearth.Inference;

/// <summary>
/// Something in a prompt that is no text, such as an image: it begins at a position whose token is a place holder, and its values depend on its content.
/// </summary>
/// <param name="Position">Where it begins.</param>
/// <param name="ContentHash">SHA-256 of its content.</param>
public readonly record struct PromptInput(int Position, string ContentHash);
