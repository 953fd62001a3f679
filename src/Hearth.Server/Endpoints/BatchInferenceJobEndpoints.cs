using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>batchInferenceJobs</c></summary>
internal static class BatchInferenceJobEndpoints
{
    public static void Map(Routes routes)
    {
        routes.Post("batchInferenceJobs", Permission.Create, CreateAsync);
        routes.Get("batchInferenceJobs", Permission.View, ListAsync);
        routes.Get("batchInferenceJobs/{id}", Permission.View, GetAsync);
        routes.Delete("batchInferenceJobs/{id}", Permission.Change, DeleteAsync);
    }

    private static async Task<object> CreateAsync(Call call)
    {
        var param = await call.ReadAsync<BatchInferenceJobParam>();
        Mapping.CheckTexts(param.DisplayName);
        var name = call.NewName(ResourceKind.BatchInferenceJobs, call.Query("batchInferenceJobId"), "batchInferenceJobId");
        return ToContract(await call.Service<BatchJobs>().CreateAsync(call.Caller, name, ToDraft(param), call.Cancelled));
    }

    private static Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(
        call, $"accounts/{call.Account}", new(ResourceKind.BatchInferenceJobs, typeof(BatchInferenceJob), row => ToContract(Records.Read<BatchJobRecord>(row)))
        {
            DefaultOrder = "createTime",
        });

    private static async Task<object> GetAsync(Call call)
    {
        var job = await call.Service<ResourceStore>().GetAsync<BatchJobRecord>(call.Name(ResourceKind.BatchInferenceJobs), call.Cancelled);
        return ReadMask.Parse(call.Query("readMask")).Apply(ToContract(job));
    }

    private static async Task<object> DeleteAsync(Call call)
    {
        await call.Service<BatchJobs>().DeleteAsync(call.Caller, call.Name(ResourceKind.BatchInferenceJobs), call.Cancelled);
        return Answers.Empty;
    }

    private static BatchJobDraft ToDraft(BatchInferenceJobParam param) => new()
    {
        Model = param.Model,
        InputDataset = param.InputDatasetId,
        OutputDataset = param.OutputDatasetId,
        ContinuedFrom = param.ContinuedFromJobName,
        SystemPrompt = param.SystemPrompt ?? "",
        MaxTokens = param.InferenceParameters?.MaxTokens,
        Temperature = param.InferenceParameters?.Temperature,
        TopP = param.InferenceParameters?.TopP,
        TopK = param.InferenceParameters?.TopK,
        N = param.InferenceParameters?.N,
        ExtraBody = param.InferenceParameters?.ExtraBody,
        MaxDuration = Mapping.ToDuration(param.MaxJobDuration, "maxJobDuration"),
        Echo = Mapping.ToEcho(param),
    };

    private static BatchInferenceJob ToContract(Stored<BatchJobRecord> job)
    {
        var (record, spec, param) = (job.Value, job.Value.Spec, Mapping.FromEcho<BatchInferenceJobParam>(job.Value.Spec.Echo));
        return new()
        {
            Name = job.Name.Value,
            DisplayName = param.DisplayName ?? "",
            CreatedBy = record.CreatedBy,
            CreateTime = job.Row.CreateTime,
            UpdateTime = job.Row.UpdateTime,
            ExpireTime = record.ExpireTime,
            State = Mapping.ToEnum<JobState>(job.Row.State),
            Status = Mapping.ToStatus(record.StatusCode, record.StatusMessage),
            Model = spec.Model,
            InputDatasetId = spec.InputDataset,
            OutputDatasetId = spec.OutputDataset,
            ContinuedFromJobName = spec.ContinuedFrom,
            InferenceParameters = param.InferenceParameters ?? new(),
            SystemPrompt = spec.SystemPrompt,
            Precision = param.Precision ?? default,
            Placement = param.Placement,
            MaxJobDuration = Mapping.ToDuration(spec.MaxDuration),
            WaitingOnCapacity = record.WaitingOnCapacity,
            Lifecycle = new() { ValidatedTime = record.ValidatedTime, RunStartTime = record.RunStartTime, EndTime = record.EndTime },
            JobProgress = ToReport(record.Progress, job.Row.State),
        };
    }

    private static JobProgressReport ToReport(BatchProgress progress, string state) => new()
    {
        Percent = state == BatchStates.Completed ? 100 : (int)(100 * progress.Processed / Math.Max(1, progress.TotalRows)),
        TotalInputRequests = Int(progress.TotalRows),
        TotalProcessedRequests = Int(progress.Processed),
        SuccessfullyProcessedRequests = Int(progress.Succeeded),
        FailedRequests = Int(progress.Failed),
        OutputRows = Int(progress.Succeeded),
        InputTokens = Int(progress.InputTokens),
        OutputTokens = Int(progress.OutputTokens),
        CachedInputTokenCount = Int(progress.CachedTokens),
    };

    // The contract has 32 bits there.
    private static int Int(long value) => (int)Math.Min(int.MaxValue, value);
}
