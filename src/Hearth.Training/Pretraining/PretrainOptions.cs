namespace Hearth.Training;

/// <summary>A pre-training run, as its file in recipes/ states it: the model's sizes, the data and the schedule.</summary>
public sealed record PretrainOptions
{
    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }
    /// <summary>Seed of weights, text and order.</summary>
    public ulong Seed { get; init; } = 1;
    /// <summary>D.</summary>
    public int Width { get; init; } = 192;
    /// <summary>L.</summary>
    public int Layers { get; init; } = 5;
    /// <summary>H.</summary>
    public int Heads { get; init; } = 4;
    /// <summary>K.</summary>
    public int KeyValueHeads { get; init; } = 2;
    /// <summary>F.</summary>
    public int FeedForwardWidth { get; init; } = 512;
    /// <summary>Vocabulary of the tokenizer that is trained first.</summary>
    public int VocabularySize { get; init; } = 1200;
    /// <summary>Rows of the curriculum that the tokenizer is trained on.</summary>
    public int TokenizerRows { get; init; } = 20_000;
    /// <summary>Length of a packed row, and the model's context.</summary>
    public int ContextLength { get; init; } = 1024;
    /// <summary>Packed rows of an optimizer step.</summary>
    public int RowsPerStep { get; init; } = 4;
    /// <summary>Packed rows of a gradient leaf (docs/exactness.md, E8).</summary>
    public int RowsPerLeaf { get; init; } = 2;
    /// <summary>Optimizer steps.</summary>
    public required int Steps { get; init; }
    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; } = 3e-3;
    /// <summary>Steps to reach it; cosine to zero after them.</summary>
    public int WarmupSteps { get; init; } = 100;
    /// <summary>Loss weight of tokens that the assistant did not write.</summary>
    public float PromptWeight { get; init; } = 0.1f;
    /// <summary>Deviation of fresh weights.</summary>
    public float InitializationDeviation { get; init; } = 0.02f;
    /// <summary>Decay of the second moment.</summary>
    public double Beta2 { get; init; } = 0.98;
    /// <summary>Decoupled decay of matrices.</summary>
    public double WeightDecay { get; init; } = 0.05;
    /// <summary>Steps between checkpoints.</summary>
    public int CheckpointEvery { get; init; } = 100;
}
