namespace Hearth.Inference;

/// <summary>Why a completion ended.</summary>
public enum FinishReason
{
    /// <summary>A stop token was sampled, or the reader met a stop string.</summary>
    Stop,
    /// <summary>The limit of tokens was reached.</summary>
    Length,
    /// <summary>The caller gave it up.</summary>
    Cancelled,
    /// <summary>The model gave a value that is not a number, the grammar allows no token, or the forward pass failed.</summary>
    Error,
}
