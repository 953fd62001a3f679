namespace Hearth.ControlPlane;

/// <summary>Reads rows of data sets as a model would: its own tokenizer, its own chat template. Implemented by Hearth.Workers.</summary>
public interface IRowRenderer
{
    /// <summary>Opens a model's text files; what it answers may be used by several threads.</summary>
    /// <param name="chatTemplate">Jinja that replaces the model's own chat template, or null.</param>
    /// <exception cref="HearthException">The path holds no model with a tokenizer.</exception>
    ValueTask<IModelRows> OpenAsync(string modelPath, string? chatTemplate, CancellationToken cancellationToken);
}

/// <summary>How one model reads rows.</summary>
public interface IModelRows
{
    /// <summary>Positions that the model was made for.</summary>
    int ContextLength { get; }

    /// <summary>The row as token sequences, with their texts.</summary>
    /// <exception cref="HearthException">The model cannot read the row; the message says why.</exception>
    IReadOnlyList<RenderedExample> Render(string row);

    /// <summary>Only the row's lengths; a row that cannot be read has a fault.</summary>
    RowLength Measure(string row);
}

/// <summary>One token sequence of a row.</summary>
public sealed record RenderedExample
{
    /// <summary>Which part of the row: <c>preferred_output</c>, <c>turn 2</c>; empty where it is all of it.</summary>
    public string Name { get; init; } = "";
    /// <summary>What the chat template made of the row.</summary>
    public string Text { get; init; } = "";
    /// <summary>The text that each token adds; empty for a token that ends within a character.</summary>
    public IReadOnlyList<string> Tokens { get; init; } = [];
    public IReadOnlyList<int> TokenIds { get; init; } = [];
    /// <summary>1 where the token counts in the loss, else 0.</summary>
    public IReadOnlyList<int> LossMask { get; init; } = [];
    /// <summary>Multiplier of the row's loss.</summary>
    public double Weight { get; init; } = 1;
}

/// <summary>Tokens of a row, over all its examples, and those of them that count in the loss; or why it cannot be read.</summary>
/// <param name="Longest">Tokens of its longest example: what must fit into a context.</param>
public readonly record struct RowLength(int Tokens, int Trained, int Longest, string? Fault = null);
