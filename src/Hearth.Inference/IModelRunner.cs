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

    /// <summary>Does the plan's copies, then computes its tokens.</summary>
    /// <param name="plan">The step.</param>
    /// <param name="logits">[plan.Rows.Length, V]; overwritten.</param>
    void Forward(StepPlan plan, Span<float> logits);
}
