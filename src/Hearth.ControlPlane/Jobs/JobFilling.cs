using System.Globalization;

namespace Hearth.ControlPlane;

/// <summary>Fills a draft's defaults from what it names, and says where the two do not fit.</summary>
internal static class JobFilling
{
    /// <param name="earlier">The training that a continued adapter must go on with unchanged; null where that is free.</param>
    public static JobSpec Fill(ResourceName name, JobDraft draft, JobParts parts, JobSpec? earlier)
    {
        var kind = JobKind.Of(name);
        var context = draft.MaxContextLength ?? earlier?.MaxContextLength ?? Math.Min(JobDefaults.MaxContextLength, parts.Facts.ContextLength);
        var epochs = draft.Epochs ?? earlier?.Epochs ?? JobDefaults.Epochs;
        return new()
        {
            EstimatedTokens = (long)((parts.Dataset?.Value.EstimatedTokens ?? 0) * epochs),
            ParameterCount = parts.Facts.ParameterCount,
            Dataset = parts.Dataset?.Name.Value ?? "",
            EvaluationDataset = parts.Evaluation?.Name.Value ?? "",
            Evaluator = parts.Evaluator?.Name.Value ?? "",
            BaseModel = parts.Model.Name.Value,
            WarmStartFrom = parts.Warm?.Name.Value ?? "",
            OutputModel = OutputModel(name, draft.OutputModel),
            Epochs = epochs,
            LearningRate = draft.LearningRate ?? earlier?.LearningRate ?? DefaultRate(kind, parts.Facts),
            LoraRank = draft.LoraRank ?? parts.Warm?.Value.Adapter!.Rank ?? JobDefaults.LoraRank,
            MaxContextLength = context,
            BatchSizeTokens = draft.BatchSizeTokens ?? earlier?.BatchSizeTokens ?? JobDefaults.BatchSizeTokens,
            BatchSizeSamples = draft.BatchSizeSamples ?? earlier?.BatchSizeSamples,
            GradientAccumulationSteps = draft.GradientAccumulationSteps ?? 1,
            WarmupSteps = draft.WarmupSteps,
            WeightDecay = draft.WeightDecay ?? JobDefaults.WeightDecay,
            JinjaTemplate = draft.JinjaTemplate ?? "",
            // Rows of one's own replace the carve-out.
            EvaluationCarveout = draft.EvaluationCarveout && parts.Evaluation is null,
            EarlyStop = draft.EarlyStop,
            Schedule = draft.Schedule,
            Seed = draft.Seed ?? 0,
            Loss = JobDefaults.Fill(draft.Loss, kind),
            Rollouts = JobDefaults.Fill(draft.Rollouts, kind, context),
            DisplayName = draft.DisplayName,
            Echo = draft.Echo,
        };
    }

    /// <summary>Full name of the model that a job makes: its own id where none is asked for.</summary>
    public static string OutputModel(ResourceName job, string? asked)
    {
        var output = ResourceName.Resolve(string.IsNullOrEmpty(asked) ? job.Id : asked, job.Account, ResourceKind.Models);
        if (output.Account != job.Account) throw HearthException.Invalid($"outputModel {output} is in another account. Give a bare model id.");
        ResourceName.CheckedId(output.Id, "outputModel");
        return output.Value;
    }

    public static IEnumerable<FieldFault> Faults(JobKind kind, JobSpec spec, JobParts parts, JobSpec? earlier)
    {
        var (prefix, facts) = (kind.Prefix, parts.Facts);
        if (spec.MaxContextLength > facts.ContextLength)
            yield return new($"{prefix}maxContextLength", $"{spec.MaxContextLength} is more than the model's context of {facts.ContextLength}.");
        else if (spec.MaxContextLength > JobDefaults.LargeModelContext && facts.ParameterCount > JobDefaults.LargeModelParameters)
            yield return new($"{prefix}maxContextLength", $"models of more than 70B parameters are tuned with at most {JobDefaults.LargeModelContext}.");
        if (parts.Warm is { } warm && warm.Value.Adapter!.Rank != spec.LoraRank)
            yield return new($"{prefix}loraRank", $"{spec.LoraRank} differs from the rank {warm.Value.Adapter.Rank} of {warm.Name}. Leave loraRank out.");
        if (parts.Dataset is { } dataset && dataset.Value.Rows * spec.Epochs > JobDefaults.MaxExamples)
            yield return new($"{prefix}epochs", $"{dataset.Value.Rows:N0} rows x {spec.Epochs} epochs is more than {JobDefaults.MaxExamples:N0}.");
        foreach (var fault in earlier is null ? [] : Differences(prefix, spec, earlier, parts.Warm!.Name)) yield return fault;
    }

    // Rank is compared with the adapter itself.
    private static IEnumerable<FieldFault> Differences(string prefix, JobSpec spec, JobSpec earlier, ResourceName warm)
    {
        (string Field, double Now, double Before)[] pairs =
        [
            ("learningRate", spec.LearningRate, earlier.LearningRate), ("maxContextLength", spec.MaxContextLength, earlier.MaxContextLength),
            ("epochs", spec.Epochs, earlier.Epochs), ("batchSize", spec.BatchSizeTokens, earlier.BatchSizeTokens),
            ("batchSizeSamples", spec.BatchSizeSamples ?? 0, earlier.BatchSizeSamples ?? 0),
        ];
        return pairs.Where(pair => pair.Now != pair.Before).Select(pair => new FieldFault(prefix + pair.Field, string.Create(
            CultureInfo.InvariantCulture, $"{pair.Now} differs from the {pair.Before} that {warm} was trained with. Leave {pair.Field} out.")));
    }

    private static double DefaultRate(JobKind kind, ModelFacts facts) =>
        kind == JobKind.ReinforcementStep || kind.SamplesAnswers ? JobDefaults.ReinforcementLearningRate : JobDefaults.LearningRate(facts.ParameterCount);
}
