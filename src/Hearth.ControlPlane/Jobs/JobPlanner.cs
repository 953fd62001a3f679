namespace Hearth.ControlPlane;

/// <summary>Everything a job needs, found and checked. <paramref name="Trainer"/> is null where this server cannot run the job's kind.</summary>
public sealed record JobPlan(JobSpec Spec, TrainerSpec? Trainer);

/// <summary>Finds what a draft names, checks that it fits together, fills the defaults.</summary>
public sealed class JobPlanner(ResourceStore resources, ModelCatalogue models, IBlobs blobs)
{
    /// <exception cref="HearthException">Something is not there, not ready, not the caller's, or does not fit.</exception>
    public async ValueTask<JobPlan> PlanAsync(Caller caller, ResourceName name, JobDraft draft, CancellationToken cancellationToken)
    {
        var (spec, parts) = await SpecifyAsync(caller, name, draft, cancellationToken);
        return new(spec, JobKind.Of(name).HasTrainer ? ToTrainer(name, spec, parts) : null);
    }

    /// <summary>What a job would be: every check and default, and nothing written.</summary>
    public async ValueTask<JobSpec> EstimateAsync(Caller caller, ResourceName name, JobDraft draft, CancellationToken cancellationToken)
    {
        JobRules.Require(JobKind.Of(name), draft);
        return (await SpecifyAsync(caller, name, draft, cancellationToken)).Spec;
    }

    private async ValueTask<(JobSpec Spec, JobParts Parts)> SpecifyAsync(Caller caller, ResourceName name, JobDraft draft, CancellationToken cancellationToken)
    {
        var kind = JobKind.Of(name);
        var parts = await FindAsync(caller, kind, draft, cancellationToken);
        var earlier = kind.ContinuesUnchanged && parts.Warm is { } warm ? await FindTrainingOfAsync(warm, cancellationToken) : null;
        var spec = JobFilling.Fill(name, draft, parts, earlier);
        JobRules.Throw([.. JobFilling.Faults(kind, spec, parts, earlier)]);
        await RequireFreeAsync(spec.OutputModel, cancellationToken);
        return (spec, parts);
    }

    /// <summary>The plan of a job that is to go on: what it uses must still be there, and its output model must not.</summary>
    public async ValueTask<JobPlan> ReplanAsync(Caller caller, Stored<JobRecord> job, CancellationToken cancellationToken)
    {
        var (kind, spec) = (JobKind.Of(job.Name), job.Value.Spec);
        var draft = new JobDraft
        {
            Dataset = spec.Dataset,
            EvaluationDataset = spec.EvaluationDataset,
            Evaluator = spec.Evaluator,
            BaseModel = spec.WarmStartFrom == "" ? spec.BaseModel : "",
            WarmStartFrom = spec.WarmStartFrom,
        };
        var parts = await FindAsync(caller, kind, draft, cancellationToken);
        await RequireFreeAsync(spec.OutputModel, cancellationToken);
        return new(spec, kind.HasTrainer ? ToTrainer(job.Name, spec, parts) : null);
    }

    /// <summary>Checks what one more step of a kept-alive trainer names.</summary>
    internal async ValueTask RequireStepAsync(Caller caller, ResourceName job, string dataset, string outputModel, CancellationToken cancellationToken)
    {
        await FindRowsAsync(caller, JobKind.Of(job), dataset, "dataset", cancellationToken);
        await RequireFreeAsync(JobFilling.OutputModel(job, outputModel), cancellationToken);
    }

    private async ValueTask<JobParts> FindAsync(Caller caller, JobKind kind, JobDraft draft, CancellationToken cancellationToken)
    {
        var warm = string.IsNullOrEmpty(draft.WarmStartFrom) ? null : await models.FindUsableAsync(caller, draft.WarmStartFrom, cancellationToken);
        if (warm is { Value.Adapter: null }) throw HearthException.Invalid($"warmStartFrom {warm.Name} is not an adapter. Give it as baseModel.");
        var model = await models.FindUsableAsync(caller, warm?.Value.Adapter!.BaseModel ?? draft.BaseModel!, cancellationToken);
        RequireTunable(model);
        var dataset = await FindRowsAsync(caller, kind, draft.Dataset, "dataset", cancellationToken);
        var evaluation = await FindRowsAsync(caller, kind, draft.EvaluationDataset, "evaluationDataset", cancellationToken);
        var evaluator = string.IsNullOrEmpty(draft.Evaluator) ? null : await FindEvaluatorAsync(caller, draft.Evaluator, cancellationToken);
        foreach (var (field, deployment) in draft.Deployments) await RequireDeploymentAsync(caller, field, deployment, cancellationToken);
        return new(model, warm, dataset, evaluation, evaluator);
    }

    private static void RequireTunable(Stored<ModelRecord> model)
    {
        if (model.Value.IsAddon)
            throw HearthException.Invalid($"baseModel {model.Name} is an adapter ({ModelRecord.AddonKind} is not a base model). Give it as warmStartFrom, without baseModel.");
        if (model is not { Row.State: ModelRecord.Ready, Value.Facts.Tunable: true })
            throw HearthException.Precondition($"{model.Name} is not tunable. Choose a model whose tunable field is true.");
    }

    private async ValueTask<Stored<DatasetRecord>?> FindRowsAsync(Caller caller, JobKind kind, string? text, string field, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(text)) return null;
        var name = ResourceName.Resolve(text, caller.Account, ResourceKind.Datasets);
        if (name.Account != caller.Account) throw HearthException.NotFound(name.Value);
        var dataset = await resources.GetAsync<DatasetRecord>(name, cancellationToken);
        if (dataset.Row.State != DatasetRecord.Ready)
            throw HearthException.Precondition($"{field} {name} is {dataset.Row.State}. Upload its file first.");
        JobRows.Require(kind, field, dataset);
        return dataset;
    }

    private async ValueTask<Stored<EvaluatorRecord>> FindEvaluatorAsync(Caller caller, string text, CancellationToken cancellationToken)
    {
        var name = ResourceName.Resolve(text, caller.Account, ResourceKind.Evaluators);
        var evaluator = name.Account == caller.Account ? await resources.FindAsync<EvaluatorRecord>(name, cancellationToken) : null;
        if (evaluator is null) throw new HearthException(ErrorCode.NotFound, $"Evaluator not found: {name}. Create it with evaluatorsV2.");
        return evaluator.Value.HasCode
            ? evaluator
            : throw HearthException.Precondition($"evaluator {name} is {evaluator.Row.State} and has no code that can be used. {evaluator.Value.StatusMessage}");
    }

    private async ValueTask RequireDeploymentAsync(Caller caller, string field, string text, CancellationToken cancellationToken)
    {
        var name = ResourceName.Resolve(text, caller.Account, ResourceKind.Deployments);
        if (name.Account != caller.Account || await resources.FindAsync<DeploymentRecord>(name, cancellationToken) is null)
            throw new HearthException(ErrorCode.NotFound, $"{field}: {name} not found") { Param = field };
    }

    /// <summary>The job that made an adapter, where it is still known.</summary>
    private async ValueTask<JobSpec?> FindTrainingOfAsync(Stored<ModelRecord> adapter, CancellationToken cancellationToken) => adapter.Value.FineTuningJob == ""
        ? null
        : (await resources.FindAsync<JobRecord>(ResourceName.Parse(adapter.Value.FineTuningJob), cancellationToken))?.Value.Spec;

    private async ValueTask RequireFreeAsync(string outputModel, CancellationToken cancellationToken)
    {
        if (await resources.Store.GetAsync(outputModel, cancellationToken) is not null)
            throw new HearthException(ErrorCode.AlreadyExists, $"{outputModel} already exists. Choose another outputModel, or delete it first.");
    }

    private TrainerSpec ToTrainer(ResourceName name, JobSpec spec, JobParts parts) => new()
    {
        BaseModelPath = parts.Model.Value.Path,
        WarmStartPath = parts.Warm?.Value.Path,
        DatasetPath = blobs.PathOf(parts.Dataset!.Value.Blob),
        EvaluationDatasetPath = parts.Evaluation is { } evaluation ? blobs.PathOf(evaluation.Value.Blob) : null,
        RunFolder = blobs.RunFolder(name.Value),
        Epochs = spec.Epochs,
        LearningRate = spec.LearningRate,
        LoraRank = spec.LoraRank,
        MaxContextLength = spec.MaxContextLength,
        BatchSizeTokens = spec.BatchSizeTokens,
        BatchSizeSamples = spec.BatchSizeSamples,
        GradientAccumulationSteps = spec.GradientAccumulationSteps,
        WarmupSteps = spec.WarmupSteps,
        WeightDecay = spec.WeightDecay,
        EvaluationCarveout = spec.EvaluationCarveout,
        EarlyStop = spec.EarlyStop,
        Schedule = spec.Schedule?.Shape ?? RateShape.Constant,
        MinRateRatio = spec.Schedule?.MinRatio ?? 0,
        DecayRatio = spec.Schedule?.DecayRatio ?? 1,
        Seed = spec.Seed,
        ChatTemplate = spec.JinjaTemplate == "" ? (parts.Warm ?? parts.Model).Value.Chat?.Template ?? parts.Model.Value.Chat?.Template : spec.JinjaTemplate,
    };
}

/// <summary>What a draft names, as found. <paramref name="Model"/> is the base model, also of a warm start.</summary>
internal sealed record JobParts(
    Stored<ModelRecord> Model, Stored<ModelRecord>? Warm, Stored<DatasetRecord>? Dataset, Stored<DatasetRecord>? Evaluation, Stored<EvaluatorRecord>? Evaluator)
{
    public ModelFacts Facts => Model.Value.Facts!;
}
