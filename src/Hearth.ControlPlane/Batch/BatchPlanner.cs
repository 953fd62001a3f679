namespace Hearth.ControlPlane;

/// <summary>Checks a new batch job and fills its defaults.</summary>
public sealed class BatchPlanner(ResourceStore resources, ModelCatalogue models)
{
    private const int LongestSystemPrompt = 1 << 20;

    /// <exception cref="HearthException">A value is out of range, the model or the input is not there or not usable, the output's name is taken.</exception>
    public async ValueTask<BatchJobSpec> PlanAsync(Caller caller, ResourceName name, BatchJobDraft draft, CancellationToken cancellationToken)
    {
        JobRules.Throw([.. draft.Faults()]);
        if (draft.SystemPrompt.Length > LongestSystemPrompt) throw HearthException.Invalid($"systemPrompt is longer than {LongestSystemPrompt:N0} characters. Shorten it.");
        var earlier = string.IsNullOrEmpty(draft.ContinuedFrom) ? null : await EarlierAsync(name, draft.ContinuedFrom, cancellationToken);
        var model = await RequireModelAsync(caller, draft.Model, earlier, cancellationToken);
        var input = await RequireInputAsync(name.Account, draft.InputDataset, earlier, cancellationToken);
        var output = await RequireOutputAsync(name, draft.OutputDataset, cancellationToken);
        return new()
        {
            Model = model.Value,
            InputDataset = input.Value,
            OutputDataset = output.Value,
            ContinuedFrom = earlier?.Name.Value ?? "",
            EarlierOutputs = earlier is null ? [] : await EarlierOutputsAsync(earlier, cancellationToken),
            Defaults = draft.Defaults(),
            SystemPrompt = draft.SystemPrompt,
            MaxDuration = draft.MaxDuration ?? BatchJobDraft.Durations[1],
            Echo = draft.Echo,
        };
    }

    private async ValueTask<Stored<BatchJobRecord>> EarlierAsync(ResourceName name, string text, CancellationToken cancellationToken)
    {
        var earlier = ResourceName.Resolve(text, name.Account, ResourceKind.BatchInferenceJobs);
        if (earlier.Account != name.Account) throw HearthException.NotFound(earlier.Value);
        var job = await resources.GetAsync<BatchJobRecord>(earlier, cancellationToken);
        return BatchStates.IsActive(job.Row.State) ? throw HearthException.Precondition($"{earlier} is {job.Row.State}. Wait for its end, or delete it.") : job;
    }

    private async ValueTask<IReadOnlyList<string>> EarlierOutputsAsync(Stored<BatchJobRecord> earlier, CancellationToken cancellationToken)
    {
        var outputs = new List<string>();
        foreach (var output in earlier.Value.Spec.EarlierOutputs.Append(earlier.Value.Spec.OutputDataset))
        {
            // A job that failed before its first row left no output.
            if (await resources.FindAsync<DatasetRecord>(ResourceName.Parse(output), cancellationToken) is { Row.State: DatasetRecord.Ready }) outputs.Add(output);
        }
        return outputs;
    }

    private async ValueTask<ResourceName> RequireModelAsync(Caller caller, string? asked, Stored<BatchJobRecord>? earlier, CancellationToken cancellationToken)
    {
        var text = string.IsNullOrEmpty(asked) ? earlier?.Value.Spec.Model : asked;
        if (text is null) throw HearthException.Invalid("model is required: the model that answers the rows.");
        var model = await models.FindUsableAsync(caller, text, cancellationToken);
        return model.Row.State == ModelRecord.Ready ? model.Name : throw HearthException.Precondition($"{model.Name} is {model.Row.State}. Wait until it is READY.");
    }

    private async ValueTask<ResourceName> RequireInputAsync(string account, string? asked, Stored<BatchJobRecord>? earlier, CancellationToken cancellationToken)
    {
        var text = string.IsNullOrEmpty(asked) ? earlier?.Value.Spec.InputDataset : asked;
        if (text is null) throw HearthException.Invalid("inputDatasetId is required: the dataset whose rows are answered.");
        var input = ResourceName.Resolve(text, account, ResourceKind.Datasets);
        if (input.Account != account) throw HearthException.NotFound(input.Value);
        var dataset = await resources.GetAsync<DatasetRecord>(input, cancellationToken);
        if (dataset.Row.State != DatasetRecord.Ready) throw HearthException.Precondition($"inputDatasetId {input} is {dataset.Row.State}. Upload its file first.");
        if (earlier is not null && earlier.Value.Spec.InputDataset != input.Value)
            throw HearthException.Invalid($"inputDatasetId {input} differs from that of {earlier.Name}, {earlier.Value.Spec.InputDataset}. Leave it out.");
        return input;
    }

    private async ValueTask<ResourceName> RequireOutputAsync(ResourceName job, string? asked, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(asked)) return ResourceName.Of(job.Account, ResourceKind.Datasets, GeneratedId());
        var output = ResourceName.Resolve(asked, job.Account, ResourceKind.Datasets);
        if (output.Account != job.Account) throw HearthException.Invalid($"outputDatasetId {output} is in another account. Give a bare dataset id.");
        ResourceName.CheckedId(output.Id, "outputDatasetId");
        if (await resources.Store.GetAsync(output.Value, cancellationToken) is not null)
            throw new HearthException(ErrorCode.AlreadyExists, $"{output} already exists. Choose another outputDatasetId, or leave it out.");
        return output;
    }

    private static string GeneratedId() => "bij-" + System.Security.Cryptography.RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 9);
}
