using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>The addresses that all collections of fine-tuning jobs have.</summary>
/// <param name="Create">Reads the request's body into a draft.</param>
/// <param name="ToContract">The collection's contract of a stored job.</param>
internal sealed record TrainingJobRoutes(JobKind Kind, string IdField, Type Contract, Func<Call, Task<JobDraft>> Create, Func<Call, Stored<JobRecord>, object> ToContract)
{
    /// <summary>Adds the addresses of a run's files to one job's answer. Lists leave them empty: an address lives ten minutes, and each costs a look at the disk.</summary>
    public Func<TrainingJobFiles, object, object> WithFiles { get; init; } = (_, job) => job;

    public void Map(Routes routes)
    {
        var jobs = Kind.Collection;
        routes.Post(jobs, Permission.Create, CreateAsync);
        routes.Get(jobs, Permission.View, ListAsync);
        routes.Get($"{jobs}/{{id}}", Permission.View, GetAsync);
        routes.Delete($"{jobs}/{{id}}", Permission.Change, DeleteAsync);
        routes.Post($"{jobs}/{{id}}:cancel", Permission.Change, CancelAsync);
        routes.Post($"{jobs}/{{id}}:resume", Permission.Change, ResumeAsync);
        routes.Get($"{jobs}/{{id}}:getMetricsFileEndpoint", Permission.View, GetMetricsFileAsync);
        routes.Post($"/hearth/v1/accounts/{{account}}/{jobs}/{{id}}:pause", Permission.Change, PauseAsync);
    }

    private async Task<object> CreateAsync(Call call)
    {
        var draft = await Create(call);
        Mapping.CheckTexts(draft.DisplayName);
        return ToContract(call, await call.Service<TrainingJobs>().CreateAsync(call.Caller, call.NewName(Kind.Collection, call.Query(IdField), IdField), draft, call.Cancelled));
    }

    private Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(
        call, $"accounts/{call.Account}", new(Kind.Collection, Contract, row => ToContract(call, Records.Read<JobRecord>(row))) { DefaultOrder = "createTime" });

    private async Task<object> GetAsync(Call call)
    {
        var job = await call.Service<ResourceStore>().GetAsync<JobRecord>(call.Name(Kind.Collection), call.Cancelled);
        return ReadMask.Parse(call.Query("readMask")).Apply(WithFiles(TrainingJobFiles.Of(call, job), ToContract(call, job)));
    }

    private async Task<object> DeleteAsync(Call call)
    {
        await call.Service<TrainingJobs>().DeleteAsync(call.Caller, call.Name(Kind.Collection), call.Cancelled);
        return Answers.Empty;
    }

    private async Task<object> CancelAsync(Call call)
    {
        await call.ReadAsync<EmptyMessage>();
        await call.Service<TrainingJobs>().CancelAsync(call.Caller, call.Name(Kind.Collection), call.Cancelled);
        return Answers.Empty;
    }

    private async Task<object> ResumeAsync(Call call)
    {
        await call.ReadAsync<EmptyMessage>();
        return ToContract(call, await call.Service<TrainingJobs>().ResumeAsync(call.Caller, call.Name(Kind.Collection), call.Cancelled));
    }

    private async Task<object> GetMetricsFileAsync(Call call)
    {
        var job = await call.Service<ResourceStore>().GetAsync<JobRecord>(call.Name(Kind.Collection), call.Cancelled);
        return TrainingJobFiles.Of(call, job).Metrics is { Length: > 0 } address
            ? new MetricsFileEndpoint { SignedUrl = address }
            : throw HearthException.Precondition($"{job.Name} is {job.Row.State} and has no metrics: no step was taken yet. {job.Value.StatusMessage}".TrimEnd());
    }

    private async Task<object> PauseAsync(Call call)
    {
        await call.ReadAsync<EmptyMessage>();
        return ToContract(call, await call.Service<TrainingJobs>().PauseAsync(call.Caller, call.Name(Kind.Collection), call.Cancelled));
    }
}
