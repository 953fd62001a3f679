using Hearth.Models;

namespace Hearth.Training;

/// <summary>A run's rows, its evaluation rows and its steps.</summary>
internal sealed record SupervisedData(IReadOnlyList<TokenizedRow> Rows, IReadOnlyList<PackedRow> Evaluation, IReadOnlyList<PlannedStep> Plan)
{
    /// <exception cref="TrainingException">Rows are unfit.</exception>
    public static SupervisedData Load(ModelFiles files, SupervisedOptions options)
    {
        int context = Math.Min(options.MaxContextLength, files.Configuration.MaxPositions);
        var reader = ChatRowReader.For(files, options.ChatTemplate, context);
        var rows = reader.ReadFile(options.DatasetPath);
        IReadOnlyList<TokenizedRow> evaluation = [];
        if (options.EvaluationDatasetPath is { } path) evaluation = reader.ReadFile(path);
        else if (options.EvaluationCarveout) (rows, evaluation) = EvaluationCarveout.Split(rows, options.Seed);
        var plan = DataPlan.Build(rows, options.Epochs, options.BatchSizeSamples * options.GradientAccumulationSteps,
            options.BatchSizeTokens * options.GradientAccumulationSteps, context, options.Seed);
        return new(rows, evaluation.Count == 0 ? [] : DataPlan.Build(evaluation, 1, evaluation.Count, 0, context, seed: 0)[0].Rows, plan);
    }
}
