using System.Text.Json;

namespace Hearth.ControlPlane;

/// <summary>The verbs on supervised fine-tuning jobs, and what trainers report about them.</summary>
public sealed class SupervisedJobs(ResourceStore resources, ModelCatalogue models, IBlobs blobs, ResourceMailbox mailbox, Secrets secrets)
{
    /// <summary>The only node there is yet; a scheduler will choose.</summary>
    public const string Node = "local";

    /// <summary>The job's own secret that holds its W&amp;B key (rule S4).</summary>
    public const string WandbSecret = "wandb-api-key";

    /// <summary>Checks everything, then writes the job and its trainer's assignment together.</summary>
    public async ValueTask<Stored<SupervisedJobRecord>> CreateAsync(
        Caller caller, ResourceName name, SupervisedJobDraft draft, CancellationToken cancellationToken)
    {
        ThrowIfAny(SupervisedJobDefaults.Faults(draft));
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        return await resources.VerbAsync(caller, "create", name, async (change, cancel) =>
        {
            var plan = await PlanAsync(caller, name, draft, cancel);
            var record = new SupervisedJobRecord { CreatedBy = caller.Email, Spec = plan.Spec, Epoch = epoch };
            var row = resources.NewRow(name, JobStates.Pending, record, plan.References);
            change.Insert(row).Assign(new(name.Value, Node, AssignmentKind.Trainer, epoch, Records.Write(plan.Trainer)));
            if (draft.WandbApiKey is { Length: > 0 } key) await secrets.AttachAsync(change, caller, name, WandbSecret, key, cancel);
            return Records.Read<SupervisedJobRecord>(row);
        }, cancellationToken);
    }

    public ValueTask<bool> CancelAsync(Caller caller, ResourceName name, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "cancel", name, async (change, cancel) =>
        {
            var job = await resources.GetAsync<SupervisedJobRecord>(name, cancel);
            if (!JobStates.IsActive(job.Row.State))
                throw HearthException.Precondition($"{name} is {job.Row.State}: only a pending or running job can be cancelled.");
            End(change, job, JobStates.Cancelled, ErrorCode.Cancelled, "cancelled by the user");
            return true;
        }, cancellationToken);

    /// <summary>Ends the job's trainer and removes its run folder. Its output model, if there is one, stays.</summary>
    public ValueTask<bool> DeleteAsync(Caller caller, ResourceName name, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "delete", name, async (change, cancel) =>
        {
            var job = await resources.GetAsync<SupervisedJobRecord>(name, cancel);
            change.Delete(job.Row).Unassign(name.Value).Send(OutboxHandlers.DeleteRun(name, resources.Now));
            await secrets.DetachAsync(change, name, cancel);
            return true;
        }, cancellationToken);

    public ValueTask<bool> ReportProgressAsync(ResourceName name, long epoch, JobProgress progress, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindReportableAsync(name, epoch, cancel) is not { } job) return false;
            change.Update(job.With(job.Value with { Progress = Finite(progress) }, JobStates.Running, resources.Now));
            change.Meter(TrainingUsage(job, progress));
            return true;
        }, cancellationToken);

    // JSON has no NaN; an unknown rate or time is 0.
    private static JobProgress Finite(JobProgress progress) => progress with
    {
        Loss = Finite(progress.Loss),
        TokensPerSecond = Finite(progress.TokensPerSecond),
        Epoch = Finite(progress.Epoch),
        SecondsLeft = Finite(progress.SecondsLeft),
    };

    private static double Finite(double value) => double.IsFinite(value) ? value : 0;

    /// <summary>Publishes the adapter, then writes the model, READY, together with the job's end. An adapter that is not what was reported fails the job.</summary>
    public async ValueTask<bool> ReportCompletedAsync(ResourceName name, long epoch, TrainedAdapter adapter, CancellationToken cancellationToken)
    {
        if (await FindReportableAsync(name, epoch, cancellationToken) is null) return false;
        try
        {
            return await PublishAsync(name, epoch, adapter, AdapterConfig.Read(adapter.Folder, adapter.Hash), cancellationToken);
        }
        catch (Exception unfit) when (unfit is InvalidDataException or IOException or JsonException)
        {
            // Messages of the file system name paths, which users never see.
            var reason = unfit is InvalidDataException ? unfit.Message : "Its files could not be read or stored.";
            return await ReportFailedAsync(name, epoch, $"The adapter could not be published: {reason}", cancellationToken);
        }
    }

    private async ValueTask<bool> PublishAsync(ResourceName name, long epoch, TrainedAdapter adapter, AdapterConfig facts, CancellationToken cancellationToken)
    {
        return await mailbox.RunAsync(OutboxHandlers.BlobsMailbox, async cancel =>
        {
            var path = await blobs.PublishFolderAsync(adapter.Folder, adapter.Hash, cancel);
            return await resources.StepAsync(name, async (change, inner) =>
            {
                if (await FindReportableAsync(name, epoch, inner) is not { } job) return false;
                if (!await TryAddModelAsync(change, job, adapter, facts, path, inner))
                {
                    End(change, job, JobStates.Failed, ErrorCode.AlreadyExists, $"{job.Value.Spec.OutputModel} was created while the job ran. Run it again with another outputModel.");
                    return true;
                }
                var measured = adapter is { EvaluationLossBefore: { } before, EvaluationLossAfter: { } after } ? new JobEvaluation(before, after) : null;
                End(change, job with { Value = job.Value with { Evaluation = measured } }, JobStates.Completed, ErrorCode.Ok, "");
                return true;
            }, cancel);
        }, cancellationToken);
    }

    public ValueTask<bool> ReportFailedAsync(ResourceName name, long epoch, string reason, CancellationToken cancellationToken) =>
        resources.StepAsync(name, async (change, cancel) =>
        {
            if (await FindReportableAsync(name, epoch, cancel) is not { } job) return false;
            End(change, job, JobStates.Failed, ErrorCode.Internal, reason);
            return true;
        }, cancellationToken);

    /// <summary>After a restart: the trainer is gone, a new one starts with a higher epoch (rule R6).</summary>
    public async ValueTask RequeueAsync(AssignmentRow assignment, CancellationToken cancellationToken)
    {
        var epoch = await resources.Store.NextEpochAsync(cancellationToken);
        await resources.StepAsync(ResourceName.Parse(assignment.Resource), async (change, cancel) =>
        {
            var job = await resources.FindAsync<SupervisedJobRecord>(ResourceName.Parse(assignment.Resource), cancel);
            if (job is null || !JobStates.IsActive(job.Row.State)) change.Unassign(assignment.Resource);
            else change.Update(job.With(job.Value with { Epoch = epoch }, JobStates.ReQueueing, resources.Now)).Assign(assignment with { Epoch = epoch });
            return true;
        }, cancellationToken);
    }

    private async ValueTask<Stored<SupervisedJobRecord>?> FindReportableAsync(ResourceName name, long epoch, CancellationToken cancellationToken)
    {
        var job = await resources.FindAsync<SupervisedJobRecord>(name, cancellationToken);
        return job is not null && job.Value.Epoch == epoch && JobStates.IsActive(job.Row.State) ? job : null;
    }

    private void End(Change change, Stored<SupervisedJobRecord> job, string state, ErrorCode code, string message)
    {
        var ended = job.Value with { Epoch = 0, StatusCode = code, StatusMessage = message, CompletedTime = resources.Now };
        change.Update(job.With(ended, state, resources.Now) with { References = [] }).Unassign(job.Name.Value);
    }

    private async ValueTask<bool> TryAddModelAsync(
        Change change, Stored<SupervisedJobRecord> job, TrainedAdapter adapter, AdapterConfig facts, string path, CancellationToken cancellationToken)
    {
        var spec = job.Value.Spec;
        var name = ResourceName.Parse(spec.OutputModel);
        if (await resources.Store.GetAsync(name.Value, cancellationToken) is not null) return false;
        var model = new ModelRecord
        {
            CreatedBy = job.Value.CreatedBy,
            Kind = ModelRecord.AddonKind,
            Path = path,
            FineTuningJob = job.Name.Value,
            Adapter = new(spec.BaseModel, facts.Rank, facts.TargetModules, facts.BaseModelType, adapter.Hash, adapter.Hash),
        };
        change.Insert(resources.NewRow(name, ModelRecord.Ready, model, spec.BaseModel, $"folders/{adapter.Hash}"));
        return true;
    }

    private UsageEntry TrainingUsage(Stored<SupervisedJobRecord> job, JobProgress progress) =>
        new($"training/{job.Name}/{progress.Step}", job.Name.Account, "training", job.Name.Value, job.Value.Spec.BaseModel, resources.Now)
        {
            TrainedTokens = Math.Max(0, progress.TrainedTokens - (job.Value.Progress?.TrainedTokens ?? 0)),
        };

    private sealed record Plan(SupervisedJobSpec Spec, TrainerSpec Trainer, IReadOnlyList<string> References);

    private async ValueTask<Plan> PlanAsync(Caller caller, ResourceName name, SupervisedJobDraft draft, CancellationToken cancellationToken)
    {
        var warm = string.IsNullOrEmpty(draft.WarmStartFrom) ? null : await models.FindUsableAsync(caller, draft.WarmStartFrom, cancellationToken);
        if (warm is { Value.Adapter: null }) throw HearthException.Invalid($"warmStartFrom {warm.Name} is not an adapter. Give it as baseModel.");
        var model = await models.FindUsableAsync(caller, warm?.Value.Adapter!.BaseModel ?? draft.BaseModel!, cancellationToken);
        var facts = RequireTunable(model);
        var dataset = await RequireRowsAsync(name.Account, draft.Dataset!, "dataset", cancellationToken);
        var evaluation = string.IsNullOrEmpty(draft.EvaluationDataset)
            ? null
            : await RequireRowsAsync(name.Account, draft.EvaluationDataset, "evaluationDataset", cancellationToken);
        var spec = Fill(name, draft, model, facts, dataset, evaluation, warm);
        await RequireFreeAsync(spec, warm, dataset, cancellationToken);
        var references = new[] { spec.Dataset, spec.EvaluationDataset, spec.BaseModel, spec.WarmStartFrom }.Where(text => text != "").Distinct().ToList();
        return new(spec, ToTrainer(name, spec, model, dataset, evaluation, warm), references);
    }

    private static ModelFacts RequireTunable(Stored<ModelRecord> model)
    {
        if (model.Value.IsAddon) throw HearthException.Invalid($"baseModel {model.Name} is an adapter. Give it as warmStartFrom.");
        return model is { Row.State: ModelRecord.Ready, Value.Facts: { Tunable: true } facts }
            ? facts
            : throw HearthException.Precondition($"{model.Name} is not tunable. Choose a model whose tunable field is true.");
    }

    private async ValueTask<Stored<DatasetRecord>> RequireRowsAsync(string account, string text, string field, CancellationToken cancellationToken)
    {
        var name = ResourceName.Resolve(text, account, ResourceKind.Datasets);
        if (name.Account != account) throw HearthException.NotFound(name.Value);
        var dataset = await resources.GetAsync<DatasetRecord>(name, cancellationToken);
        if (dataset.Row.State != DatasetRecord.Ready)
            throw HearthException.Precondition($"{field} {name} is {dataset.Row.State}. Upload its file first.");
        return dataset.Value.TrainableRows > 0
            ? dataset
            : throw HearthException.Precondition($"{field} {name} has no row with an assistant message to train on. Add answers, or use a dataset of chats.");
    }

    private static SupervisedJobSpec Fill(
        ResourceName name, SupervisedJobDraft draft, Stored<ModelRecord> model, ModelFacts facts, Stored<DatasetRecord> dataset,
        Stored<DatasetRecord>? evaluation, Stored<ModelRecord>? warm)
    {
        var output = ResourceName.Resolve(string.IsNullOrEmpty(draft.OutputModel) ? name.Id : draft.OutputModel, name.Account, ResourceKind.Models);
        if (output.Account != name.Account) throw HearthException.Invalid($"outputModel {output} is in another account. Give a bare model id.");
        ResourceName.CheckedId(output.Id, "outputModel");
        return new()
        {
            Dataset = dataset.Name.Value,
            EvaluationDataset = evaluation?.Name.Value ?? "",
            BaseModel = model.Name.Value,
            WarmStartFrom = warm?.Name.Value ?? "",
            OutputModel = output.Value,
            Epochs = draft.Epochs ?? SupervisedJobDefaults.Epochs,
            LearningRate = draft.LearningRate ?? SupervisedJobDefaults.LearningRate(facts.ParameterCount),
            LoraRank = draft.LoraRank ?? warm?.Value.Adapter!.Rank ?? SupervisedJobDefaults.LoraRank,
            MaxContextLength = draft.MaxContextLength ?? Math.Min(SupervisedJobDefaults.MaxContextLength, facts.ContextLength),
            BatchSizeTokens = draft.BatchSizeTokens ?? SupervisedJobDefaults.BatchSizeTokens,
            BatchSizeSamples = draft.BatchSizeSamples,
            GradientAccumulationSteps = draft.GradientAccumulationSteps ?? 1,
            WarmupSteps = draft.WarmupSteps,
            WeightDecay = draft.WeightDecay ?? SupervisedJobDefaults.WeightDecay,
            JinjaTemplate = draft.JinjaTemplate ?? "",
            Seed = draft.Seed ?? 0,
            DisplayName = draft.DisplayName,
            Echo = draft.Echo,
        };
    }

    private async ValueTask RequireFreeAsync(
        SupervisedJobSpec spec, Stored<ModelRecord>? warm, Stored<DatasetRecord> dataset, CancellationToken cancellationToken)
    {
        var faults = new List<FieldFault>();
        var context = (await resources.GetAsync<ModelRecord>(ResourceName.Parse(spec.BaseModel), cancellationToken)).Value.Facts!.ContextLength;
        if (spec.MaxContextLength > context) faults.Add(new("maxContextLength", $"{spec.MaxContextLength} is more than the model's context of {context}."));
        if (warm is not null && warm.Value.Adapter!.Rank != spec.LoraRank)
            faults.Add(new("loraRank", $"{spec.LoraRank} differs from the rank {warm.Value.Adapter.Rank} of {warm.Name}. Leave loraRank out."));
        if (dataset.Value.Rows * spec.Epochs > SupervisedJobDefaults.MaxExamples)
            faults.Add(new("epochs", $"{dataset.Value.Rows:N0} rows x {spec.Epochs} epochs is more than {SupervisedJobDefaults.MaxExamples:N0}."));
        ThrowIfAny(faults);
        if (await resources.Store.GetAsync(spec.OutputModel, cancellationToken) is not null)
            throw new HearthException(ErrorCode.AlreadyExists, $"{spec.OutputModel} already exists. Choose another outputModel, or delete it first.");
    }

    private TrainerSpec ToTrainer(
        ResourceName name, SupervisedJobSpec spec, Stored<ModelRecord> model, Stored<DatasetRecord> dataset, Stored<DatasetRecord>? evaluation,
        Stored<ModelRecord>? warm) => new()
        {
            BaseModelPath = model.Value.Path,
            WarmStartPath = warm?.Value.Path,
            DatasetPath = blobs.PathOf(dataset.Value.Blob),
            EvaluationDatasetPath = evaluation is null ? null : blobs.PathOf(evaluation.Value.Blob),
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
            Seed = spec.Seed,
            ChatTemplate = spec.JinjaTemplate == "" ? null : spec.JinjaTemplate,
        };

    /// <summary>All problems in one message.</summary>
    private static void ThrowIfAny(IEnumerable<FieldFault> found)
    {
        var faults = found.ToList();
        if (faults.Count == 0) return;
        throw new HearthException(ErrorCode.InvalidArgument, string.Join(" ", faults.Select(fault => $"{fault.Field}: {fault.Description}"))) { Faults = faults };
    }
}
