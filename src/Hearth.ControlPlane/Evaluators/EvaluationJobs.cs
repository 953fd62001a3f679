namespace Hearth.ControlPlane;

/// <summary>
/// The verbs on evaluation jobs. Evaluators are not run yet; what is done is to take up results of runs elsewhere: <c>eval-protocol</c> uploads the rows that a
/// local run has scored and names an evaluator and an input called <c>dummy</c>, which do not exist.
/// </summary>
public sealed class EvaluationJobs(ResourceStore resources, IBlobs blobs) : IDueHandler
{
    public const string DueKind = "evaluationJobs.summarise";
    public const string LogFile = "execution.log";

    /// <summary>Id of the evaluator and the input of a run elsewhere.</summary>
    private const string Elsewhere = "dummy";

    public string Kind => DueKind;

    /// <exception cref="HearthException">A name is missing or what it names is not there.</exception>
    public ValueTask<Stored<EvaluationJobRecord>> CreateAsync(Caller caller, ResourceName name, EvaluationJobRecord draft, CancellationToken cancellationToken)
    {
        JobRules.Throw([.. Faults(draft)]);
        return resources.VerbAsync(caller, "create", name, async (change, cancel) =>
        {
            var job = draft with
            {
                CreatedBy = caller.Email,
                Evaluator = OwnName(caller, draft.Evaluator, ResourceKind.Evaluators).Value,
                InputDataset = OwnName(caller, draft.InputDataset, ResourceKind.Datasets).Value,
                OutputDataset = OwnName(caller, draft.OutputDataset, ResourceKind.Datasets).Value,
            };
            var row = IsElsewhere(job) ? await TakeUpAsync(change, name, job, cancel) : await RefusedAsync(name, job, cancel);
            change.Insert(row);
            return Records.Read<EvaluationJobRecord>(row);
        }, cancellationToken);
    }

    /// <summary>Removes the job and its log; its output dataset stays.</summary>
    public ValueTask<bool> DeleteAsync(Caller caller, ResourceName name, CancellationToken cancellationToken) =>
        resources.VerbAsync(caller, "delete", name, async (change, cancel) =>
        {
            var job = await resources.GetAsync<EvaluationJobRecord>(name, cancel);
            change.Delete(job.Row).Unschedule(name.Value, DueKind).Send(OutboxHandlers.DeleteRun(name, resources.Now));
            return true;
        }, cancellationToken);

    /// <summary>Sums the output's scores up and completes the job.</summary>
    public async ValueTask HandleAsync(DueRow due, CancellationToken cancellationToken)
    {
        var name = ResourceName.Parse(due.Resource);
        if (await resources.FindAsync<EvaluationJobRecord>(name, cancellationToken) is not { Row.State: JobStates.Pending } seen) return;
        var output = await resources.FindAsync<DatasetRecord>(ResourceName.Parse(seen.Value.OutputDataset), cancellationToken);
        var scores = output is null ? null : await Task.Run(() => RowScores.Read(blobs.PathOf(output.Value.Blob), cancellationToken), cancellationToken);
        if (scores is not null) await File.WriteAllTextAsync(Path.Combine(blobs.RunFolder(name.Value), LogFile), scores.Describe(seen.Value.OutputDataset), cancellationToken);
        await resources.StepAsync(name, async (change, cancel) =>
        {
            if (await resources.FindAsync<EvaluationJobRecord>(name, cancel) is not { Row.State: JobStates.Pending } job) return false;
            var (record, state) = scores is null
                ? (job.Value with { StatusCode = ErrorCode.NotFound, StatusMessage = $"{job.Value.OutputDataset} is gone." }, JobStates.Failed)
                : (job.Value with { Metrics = scores.Means() }, JobStates.Completed);
            change.Update(job.With(record, state, resources.Now) with { References = [] });
            return true;
        }, cancellationToken);
    }

    private async ValueTask<ResourceRow> TakeUpAsync(Change change, ResourceName name, EvaluationJobRecord job, CancellationToken cancellationToken)
    {
        await RequireReadyAsync(job.OutputDataset, "outputDataset", cancellationToken);
        change.Schedule(new(resources.Now, name.Value, DueKind));
        return resources.NewRow(name, JobStates.Pending, job, job.OutputDataset);
    }

    private async ValueTask<ResourceRow> RefusedAsync(ResourceName name, EvaluationJobRecord job, CancellationToken cancellationToken)
    {
        if (await resources.FindAsync<EvaluatorRecord>(ResourceName.Parse(job.Evaluator), cancellationToken) is not { } evaluator)
            throw new HearthException(ErrorCode.NotFound, $"Evaluator not found: {job.Evaluator}. Create it with evaluatorsV2.");
        if (!evaluator.Value.HasCode) throw HearthException.Precondition($"evaluator {job.Evaluator} is {evaluator.Row.State} and has no code that can be used. {evaluator.Value.StatusMessage}");
        await RequireReadyAsync(job.InputDataset, "inputDataset", cancellationToken);
        if (await resources.Store.GetAsync(job.OutputDataset, cancellationToken) is not null)
            throw new HearthException(ErrorCode.AlreadyExists, $"{job.OutputDataset} already exists. Choose another outputDataset: the job makes it.");
        return resources.NewRow(name, JobStates.Failed, job with
        {
            StatusCode = ErrorCode.Unimplemented,
            StatusMessage = "Running evaluators is not done by this version of the server: the job was checked and kept, nothing was evaluated.",
        });
    }

    private async ValueTask RequireReadyAsync(string text, string field, CancellationToken cancellationToken)
    {
        var dataset = await resources.GetAsync<DatasetRecord>(ResourceName.Parse(text), cancellationToken);
        if (dataset.Row.State != DatasetRecord.Ready) throw HearthException.Precondition($"{field} {text} is {dataset.Row.State}. Upload its file first.");
    }

    private static ResourceName OwnName(Caller caller, string text, string kind)
    {
        var name = ResourceName.Resolve(text, caller.Account, kind);
        return name.Account == caller.Account ? name : throw HearthException.NotFound(name.Value);
    }

    private static bool IsElsewhere(EvaluationJobRecord job) =>
        ResourceName.Parse(job.Evaluator).Id == Elsewhere && ResourceName.Parse(job.InputDataset).Id == Elsewhere;

    private static IEnumerable<FieldFault> Faults(EvaluationJobRecord draft)
    {
        if (draft.Evaluator == "") yield return new("evaluator", "is required: what scores the rows.");
        if (draft.InputDataset == "") yield return new("inputDataset", "is required: the rows to score.");
        if (draft.OutputDataset == "") yield return new("outputDataset", "is required: the dataset that gets the scored rows.");
    }
}
