using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>evaluators</c>, made through <c>evaluatorsV2</c> or, in the older form, <c>evaluators</c>.</summary>
internal static class EvaluatorEndpoints
{
    public static void Map(Routes routes)
    {
        routes.Post("evaluatorsV2", Permission.Create, CreateAsync);
        routes.Post("evaluators", Permission.Create, CreateAsync);
        routes.Get("evaluators", Permission.View, ListAsync);
        routes.Get("evaluators/{id}", Permission.View, GetAsync);
        routes.Patch("evaluators/{id}", Permission.Change, UpdateAsync);
        routes.Delete("evaluators/{id}", Permission.Change, DeleteAsync);
        routes.Post("evaluators/{id}:getUploadEndpoint", Permission.Change, GetUploadEndpointAsync);
        routes.Post("evaluators/{id}:validateUpload", Permission.Change, ValidateUploadAsync);
        routes.Get("evaluators/{id}:getBuildLogEndpoint", Permission.View, GetBuildLogEndpointAsync);
        routes.Get("evaluators/{id}:getSourceCodeSignedUrl", Permission.View, GetSourceCodeAsync);
    }

    private static async Task<object> CreateAsync(Call call)
    {
        var request = await call.ReadAsync<CreateEvaluatorRequest>();
        var param = request.Evaluator ?? throw HearthException.Invalid("evaluator is required: the evaluator to create.");
        var name = call.NewName(ResourceKind.Evaluators, request.EvaluatorId, "evaluatorId");
        return ToContract(await call.Service<Evaluators>().CreateAsync(call.Caller, name, ToDraft(param), call.Cancelled));
    }

    private static Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(
        call, $"accounts/{call.Account}", new(ResourceKind.Evaluators, typeof(Evaluator), row => ToContract(Records.Read<EvaluatorRecord>(row))));

    private static async Task<object> GetAsync(Call call) => ReadMask.Parse(call.Query("readMask")).Apply(ToContract(await FindAsync(call)));

    private static async Task<object> UpdateAsync(Call call)
    {
        var patch = await call.ReadAsync<EvaluatorParam>();
        return ToContract(await call.Service<Evaluators>().UpdateAsync(
            call.Caller, call.Name(ResourceKind.Evaluators), current => ToDraft(Mapping.Merge(current.Echo, patch), patch.Criteria is not null), call.Flag("prepareCodeUpload"), call.Cancelled));
    }

    private static async Task<object> DeleteAsync(Call call)
    {
        await call.Service<Evaluators>().DeleteAsync(call.Caller, call.Name(ResourceKind.Evaluators), call.Cancelled);
        return Answers.Empty;
    }

    private static async Task<object> GetUploadEndpointAsync(Call call)
    {
        var sizes = (await call.ReadAsync<GetUploadEndpointRequest>()).FilenameToSize ?? throw HearthException.Invalid("filenameToSize is required: the archive's name with its size in bytes.");
        var offered = await call.Service<Evaluators>().OfferUploadsAsync(call.Caller, call.Name(ResourceKind.Evaluators), sizes, call.Cancelled);
        return new SignedUrls { FilenameToSignedUrls = offered.ToDictionary(file => file.Value.FileName, call.Service<SignedAddresses>().ForUpload) };
    }

    private static async Task<object> ValidateUploadAsync(Call call)
    {
        await call.ReadAsync<EmptyMessage>();
        await call.Service<Evaluators>().ValidateUploadAsync(call.Caller, call.Name(ResourceKind.Evaluators), call.Cancelled);
        return Answers.Empty;
    }

    private static async Task<object> GetBuildLogEndpointAsync(Call call)
    {
        var evaluator = await FindAsync(call);
        return evaluator.Value.LogBlob == ""
            ? throw HearthException.Precondition($"{evaluator.Name} has no build log yet: its code is not there.")
            : new BuildLogEndpoint { BuildLogSignedUri = call.Service<SignedAddresses>().ForBlob(call.Account, evaluator.Value.LogBlob, "build.log") };
    }

    private static async Task<object> GetSourceCodeAsync(Call call)
    {
        var evaluator = await FindAsync(call);
        if (evaluator.Value.Sources.Count == 0) throw HearthException.Precondition($"{evaluator.Name} has no source code yet. Upload it with :getUploadEndpoint.");
        var addresses = call.Service<SignedAddresses>();
        return new SignedUrls
        {
            FilenameToSignedUrls = evaluator.Value.Sources.ToDictionary(file => file.Key, file => addresses.ForBlob(call.Account, file.Value, Path.GetFileName(file.Key))),
        };
    }

    private static ValueTask<Stored<EvaluatorRecord>> FindAsync(Call call) =>
        call.Service<ResourceStore>().GetAsync<EvaluatorRecord>(call.Name(ResourceKind.Evaluators), call.Cancelled);

    private static EvaluatorDraft ToDraft(EvaluatorParam param, bool withCriteria = true)
    {
        Mapping.CheckTexts(param.DisplayName, param.Description);
        if (param.Source?.Type == EvaluatorSourceType.TYPE_GITHUB) throw HearthException.Unimplemented("Fetching an evaluator from GitHub (source.type TYPE_GITHUB)");
        return new()
        {
            EntryPoint = param.EntryPoint ?? "",
            DefaultDataset = param.DefaultDataset ?? "",
            Criteria = withCriteria ? [.. (param.Criteria ?? []).Select(ToCriterion)] : [],
            Echo = Mapping.ToEcho(param),
        };
    }

    private static CodeCriterion ToCriterion(EvaluatorCriterion criterion)
    {
        var code = criterion.CodeSnippets ?? new();
        return new(criterion.Name ?? "", code.Language ?? "python", code.FileContents ?? new Dictionary<string, string>(), code.EntryFile ?? "", code.EntryFunc ?? "");
    }

    private static Evaluator ToContract(Stored<EvaluatorRecord> evaluator)
    {
        var (record, param) = (evaluator.Value, Mapping.FromEcho<EvaluatorParam>(evaluator.Value.Echo));
        return new()
        {
            Name = evaluator.Name.Value,
            DisplayName = param.DisplayName ?? "",
            Description = param.Description ?? "",
            CreatedBy = record.CreatedBy,
            CreateTime = evaluator.Row.CreateTime,
            UpdateTime = evaluator.Row.UpdateTime,
            State = Mapping.ToEnum<EvaluatorState>(evaluator.Row.State),
            Status = Mapping.ToStatus(record.StatusCode, record.StatusMessage),
            CommitHash = param.CommitHash ?? "",
            Criteria = param.Criteria ?? [],
            DefaultDataset = param.DefaultDataset ?? "",
            EntryPoint = param.EntryPoint ?? "",
            Requirements = param.Requirements ?? "",
            Source = param.Source ?? new() { Type = EvaluatorSourceType.TYPE_UPLOAD },
        };
    }
}
