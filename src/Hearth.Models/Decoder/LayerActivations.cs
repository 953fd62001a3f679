using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>What one layer's forward pass computed and its backward pass needs. Buffers live in the step's arena.</summary>
internal sealed class LayerActivations
{
    /// <summary>Input of the layer, [T, D].</summary>
    public FloatBuffer Input;
    /// <summary>1 / rms of the input, [T].</summary>
    public FloatBuffer InputInverseRms;
    /// <summary>Normed input, [T, D].</summary>
    public FloatBuffer InputNormed;
    /// <summary>Queries before the head norm, [T, H, E]; only with q/k norms.</summary>
    public FloatBuffer QueryRaw;
    /// <summary>Keys before the head norm, [T, K, E]; only with q/k norms.</summary>
    public FloatBuffer KeyRaw;
    /// <summary>[T, H].</summary>
    public FloatBuffer QueryInverseRms;
    /// <summary>[T, K].</summary>
    public FloatBuffer KeyInverseRms;
    /// <summary>Rotated queries, [T, H, E].</summary>
    public FloatBuffer Query;
    /// <summary>Rotated keys, [T, K, E].</summary>
    public FloatBuffer Key;
    /// <summary>[T, K, E].</summary>
    public FloatBuffer Value;
    /// <summary>Attention's output before o_proj, [T, H, E].</summary>
    public FloatBuffer Mixed;
    /// <summary>Log of each row's sum of exponentials, [T, H].</summary>
    public FloatBuffer LogSumExp;
    /// <summary>Input + attention, [T, D].</summary>
    public FloatBuffer Middle;
    /// <summary>[T].</summary>
    public FloatBuffer MiddleInverseRms;
    /// <summary>[T, D].</summary>
    public FloatBuffer MiddleNormed;
    /// <summary>[T, F].</summary>
    public FloatBuffer Gate;
    /// <summary>[T, F].</summary>
    public FloatBuffer Up;
    /// <summary>silu(gate) * up, [T, F].</summary>
    public FloatBuffer Activated;
    /// <summary>What the experts of the layer computed, in place of gate, up and activated.</summary>
    public readonly ExpertActivations Experts = new();
    /// <summary>Ax of each projection's adapter, [T, R]; by <see cref="Projection"/>.</summary>
    public readonly FloatBuffer[] LowRank = new FloatBuffer[ProjectionNames.Count];
}
