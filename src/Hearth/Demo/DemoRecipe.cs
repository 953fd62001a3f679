namespace Hearth;

/// <summary>What the demo trains, and how. Learning rate, rank and batch of the embedded model: trial runs gave them; see the figures in the README.</summary>
/// <param name="BaseModel">As the API names it.</param>
internal sealed record DemoRecipe(
    string BaseModel, int TrainingRows, int HeldOutRows, double Epochs, int LoraRank, double LearningRate, int BatchSizeSamples, int MaxContextLength)
{
    /// <summary>Name under which <c>--base-model</c> is registered.</summary>
    public const string OwnName = "own";

    /// <summary>Seed of the rows.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>For the model in the repository: it is tiny, so a high rate over a thousand rows takes half a minute.</summary>
    public static DemoRecipe Embedded { get; } = new($"accounts/fireworks/models/{EmbeddedModel.Name}", 1_000, 100, 2, 16, 3e-3, 16, 512);

    /// <summary>For a user's model, which is larger: fewer rows and a usual rate, so that the demo still ends in minutes.</summary>
    public static DemoRecipe Own { get; } = new($"accounts/fireworks/models/{OwnName}", 100, 20, 1, 8, 1e-3, 8, 512);
}
