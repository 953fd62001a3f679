using Hearth.Numerics;

namespace Hearth.Inference;

/// <summary>Computes steps: the only thing that the engine asks of a model. Knows weights and caches, sees no queue.</summary>
public interface IModelRunner : IDisposable
{
    /// <summary>Number of token ids, V.</summary>
    int VocabularySize { get; }

    /// <summary>Most positions of a sequence.</summary>
    int MaxContext { get; }

    /// <summary>KV blocks.</summary>
    int Blocks { get; }

    /// <summary>Positions in a block.</summary>
    int BlockSize { get; }

    /// <summary>Which arithmetic writes keys and values (E0): values of another one are never found in the prefix cache.</summary>
    string NumericsId => Simd.NumericsId;

    /// <summary>Which rotary regime a request of that many tokens is computed in; null where its length does not matter.</summary>
    string? RopeRegime(int tokens) => null;

    /// <summary>Compute threads that are free between steps, for the rows of logits; null: the engine's own thread does them.</summary>
    ComputePool? Pool => null;

    /// <summary>Does the plan's copies, then computes its tokens.</summary>
    /// <param name="plan">The step.</param>
    /// <param name="logits">[plan.Rows.Length, V]; overwritten.</param>
    void Forward(StepPlan plan, Span<float> logits);
}
