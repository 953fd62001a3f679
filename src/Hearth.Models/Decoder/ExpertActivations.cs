using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>What a layer's experts computed and their backward pass needs. S = T * experts a token: the slots of <see cref="Groups"/>. Buffers live in the step's arena.</summary>
internal sealed class ExpertActivations
{
    /// <summary>Scores of all experts, [T, X].</summary>
    public FloatBuffer Logits;
    /// <summary>Experts of each row, ascending, [T, perToken].</summary>
    public IntBuffer Chosen;
    /// <summary>Their weights, [T, perToken].</summary>
    public FloatBuffer Weights;
    /// <summary>Rows by expert.</summary>
    public ExpertGroups Groups;
    /// <summary>[S, F].</summary>
    public FloatBuffer Gate;
    /// <summary>[S, F].</summary>
    public FloatBuffer Up;
    /// <summary>silu(gate) * up, [S, F].</summary>
    public FloatBuffer Activated;
}
