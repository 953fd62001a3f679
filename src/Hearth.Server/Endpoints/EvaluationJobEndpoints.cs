using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>evaluationJobs</c></summary>
internal static class EvaluationJobEndpoints
{
    public static void Map(Routes routes)
    {
        routes.Post("evaluationJobs", Permission.Create, CreateAsync);
        routes.Get("evaluationJobs", Permission.View, ListAsync);
        routes.Get("evaluationJobs/{id}", Permission.View, GetAsync);
        routes.Delete("evaluationJobs/{id}", Permission.Change, DeleteAsync);
        routes.Get("evaluationJobs/{id}:getExecutionLogEndpoint", Permission.View, GetLogEndpointAsync);
    }

    private static async Task<object> CreateAsync(Call call)
    {
        var request = await call.ReadAsync<CreateEvaluationJobRequest>();
        var param = request.EvaluationJob ?? throw HearthException.Invalid("evaluationJob is required: the job to create.");
        Mapping.CheckTexts(param.DisplayName);
        var draft = new EvaluationJobRecord
        {
            Evaluator = param.Evaluator ?? "",
            InputDataset = param.InputDataset ?? "",
            OutputDataset = param.OutputDataset ?? "",
            OutputStats = param.OutputStats ?? "",
            Echo = Mapping.ToEcho(param),
        };
        var name = call.NewName(ResourceKind.EvaluationJobs, request.EvaluationJobId, "evaluationJobId");
        return ToContract(await call.Service<EvaluationJobs>().CreateAsync(call.Caller, name, draft, call.Cancelled));
    }

    private static Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(
        call, $"accounts/{call.Account}",
        new(ResourceKind.EvaluationJobs, typeof(EvaluationJob), row => ToContract(Records.Read<EvaluationJobRecord>(row))) { DefaultOrder = "createTime" });

    private static async Task<object> GetAsync(Call call) => ReadMask.Parse(call.Query("readMask")).Apply(ToContract(await FindAsync(call)));

    private static async Task<object> DeleteAsync(Call call)
    {
        await call.Service<EvaluationJobs>().DeleteAsync(call.Caller, call.Name(ResourceKind.EvaluationJobs), call.Cancelled);
        return Answers.Empty;
    }

    private static async Task<object> GetLogEndpointAsync(Call call)
    {
        var job = await FindAsync(call);
        if (job.Row.State != JobStates.Completed) throw HearthException.Precondition($"{job.Name} is {job.Row.State} and has no execution log. {job.Value.StatusMessage}");
        return new ExecutionLogEndpoint
        {
            ContentType = "text/plain",
            ExecutionLogSignedUri = call.Service<SignedAddresses>().ForRunFile(job.Name, EvaluationJobs.LogFile, EvaluationJobs.LogFile),
            ExpireTime = call.Service<TimeProvider>().GetUtcNow() + SignedAddresses.DownloadPeriod,
        };
    }

    private static ValueTask<Stored<EvaluationJobRecord>> FindAsync(Call call) =>
        call.Service<ResourceStore>().GetAsync<EvaluationJobRecord>(call.Name(ResourceKind.EvaluationJobs), call.Cancelled);

    private static EvaluationJob ToContract(Stored<EvaluationJobRecord> job)
    {
        var (record, param) = (job.Value, Mapping.FromEcho<EvaluationJobParam>(job.Value.Echo));
        return new()
        {
            Name = job.Name.Value,
            DisplayName = param.DisplayName ?? "",
            CreatedBy = record.CreatedBy,
            CreateTime = job.Row.CreateTime,
            UpdateTime = job.Row.UpdateTime,
            State = Mapping.ToEnum<JobState>(job.Row.State),
            Status = Mapping.ToStatus(record.StatusCode, record.StatusMessage),
            Evaluator = record.Evaluator,
            InputDataset = record.InputDataset,
            OutputDataset = record.OutputDataset,
            OutputStats = record.OutputStats,
            Metrics = record.Metrics,
            AwsS3Config = param.AwsS3Config,
        };
    }
}
