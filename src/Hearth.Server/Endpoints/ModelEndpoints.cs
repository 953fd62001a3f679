using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>models</c></summary>
internal static class ModelEndpoints
{
    private const string Jinja = "jinja";

    public static void Map(Routes routes)
    {
        routes.Post("models", Permission.Create, CreateAsync);
        routes.Get("models", Permission.ViewPublic, ListAsync);
        routes.Get("models/{id}", Permission.ViewPublic, GetAsync);
        routes.Patch("models/{id}", Permission.Change, UpdateAsync);
        routes.Delete("models/{id}", Permission.Change, DeleteAsync);
        routes.Post("/hearth/v1/baseModels:import", Permission.Administer, ImportAsync);
    }

    private static async Task<object> CreateAsync(Call call)
    {
        var request = await call.ReadAsync<CreateModelRequest>();
        if (!string.IsNullOrEmpty(request.Cluster)) throw HearthException.Unimplemented("A cluster of your own (cluster)");
        var param = request.Model ?? new ModelParam();
        Mapping.CheckTexts(param.DisplayName, param.Description);
        CheckConversation(call, param.ConversationConfig);
        var name = call.NewName(ResourceKind.Models, request.ModelId ?? "", "modelId");
        return ToContract(await call.Service<ModelCatalogue>().CreateAsync(call.Caller, name, Apply(new ModelRecord(), param), call.Cancelled), []);
    }

    private static Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(
        call, $"accounts/{call.Account}", new(ResourceKind.Models, typeof(Model), row => ToContract(Records.Read<ModelRecord>(row), []))
        {
            Hidden = call.Account == call.Caller.Account ? null : row => !Records.Read<ModelRecord>(row).Value.Public,
        });

    private static async Task<object> GetAsync(Call call)
    {
        var model = await call.Service<ModelCatalogue>().GetUsableAsync(call.Caller, call.Name(ResourceKind.Models), call.Cancelled);
        var deployed = (await call.Service<DeployedModels>().OfModelAsync(model.Name.Value, call.Cancelled))
            .Where(record => record.Name.Account == call.Account || record.Name.Account == call.Caller.Account);
        return ReadMask.Parse(call.Query("readMask")).Apply(ToContract(model, [.. deployed.Select(ToReference)]));
    }

    private static async Task<object> UpdateAsync(Call call)
    {
        var patch = await call.ReadAsync<ModelParam>();
        Mapping.CheckTexts(patch.DisplayName, patch.Description);
        CheckConversation(call, patch.ConversationConfig);
        return ToContract(await call.Service<ModelCatalogue>().UpdateAsync(
            call.Caller, call.Name(ResourceKind.Models), model => Apply(model, Mapping.Merge(model.Echo, patch)), call.Cancelled), []);
    }

    private static async Task<object> DeleteAsync(Call call)
    {
        await call.Service<ModelCatalogue>().DeleteAsync(call.Caller, call.Name(ResourceKind.Models), call.Cancelled);
        return Answers.Empty;
    }

    /// <summary>Makes a folder or GGUF file on the server's machine a base model of the catalogue; a probe reads its facts.</summary>
    private static async Task<object> ImportAsync(Call call)
    {
        if (call.Caller.Account != FirstStart.Account) throw new HearthException(ErrorCode.PermissionDenied, "Only the operator's account may import base models.");
        var request = await call.ReadAsync<ImportBaseModelRequest>();
        if (string.IsNullOrEmpty(request.Path)) throw HearthException.Invalid("path is required: a model folder or a GGUF file on the server's machine.");
        var probe = call.Http.RequestServices.GetService<IModelProbe>() ?? throw HearthException.Unimplemented("Importing models into this server");
        var facts = await probe.ProbeAsync(request.Path, call.Cancelled);
        return ToContract(await call.Service<ModelCatalogue>().RegisterBaseModelAsync(
            call.Caller, request.ModelId ?? "", Path.GetFullPath(request.Path), facts, request.DisplayName ?? request.ModelId ?? "", call.Cancelled), []);
    }

    private static ModelRecord Apply(ModelRecord model, ModelParam param) => model with
    {
        // The kind of weights that are there is a fact; only an empty model takes the caller's word.
        Kind = model.Path == "" ? (param.Kind ?? (param.PeftDetails is null ? ModelKind.HF_BASE_MODEL : ModelKind.HF_PEFT_ADDON)).ToString() : model.Kind,
        Public = param.Public ?? model.Public,
        ClaimedBase = param.PeftDetails?.BaseModel ?? "",
        ClaimedRank = param.PeftDetails?.R,
        Chat = param.ConversationConfig is null ? model.Chat : ToChat(param.ConversationConfig),
        Aliases = [.. new[] { param.HuggingFaceUrl, param.DisplayName }.Where(name => !string.IsNullOrEmpty(name)).Select(name => name!)],
        Echo = Mapping.ToEcho(param),
    };

    private static ChatSettings? ToChat(ConversationConfig? conversation) => conversation is { Template: not "" } or { System: not "" }
        ? new(conversation.Template == "" ? null : conversation.Template, conversation.System == "" ? null : conversation.System)
        : null;

    private static void CheckConversation(Call call, ConversationConfig? conversation)
    {
        if (conversation is null) return;
        if (conversation.Style == "") throw HearthException.Invalid("conversationConfig.style is required. Write jinja.");
        if (conversation.Style != Jinja) throw HearthException.Unimplemented($"conversationConfig.style '{conversation.Style}' (only jinja is known)");
        if (conversation.Template != "") call.Http.RequestServices.GetService<IModelChecks>()?.CheckChatTemplate(conversation.Template);
    }

    private static DeployedModelRef ToReference(Stored<DeployedModelRecord> record) => new()
    {
        Name = record.Name.Value,
        Deployment = record.Value.Deployment,
        State = Mapping.ToEnum<DeployedModelState>(record.Row.State),
        Default = record.Value.Default,
        Public = record.Value.Public,
    };

    private static Model ToContract(Stored<ModelRecord> model, IReadOnlyList<DeployedModelRef> references)
    {
        var (record, param) = (model.Value, Mapping.FromEcho<ModelParam>(model.Value.Echo));
        return new()
        {
            Name = model.Name.Value,
            DisplayName = param.DisplayName ?? "",
            Description = param.Description ?? "",
            CreateTime = model.Row.CreateTime,
            UpdateTime = model.Row.UpdateTime,
            State = Mapping.ToEnum<UploadState>(model.Row.State),
            Status = Mapping.ToStatus(record.StatusCode, record.StatusMessage),
            Kind = Mapping.ToEnum<ModelKind>(record.Kind),
            Public = record.Public,
            GithubUrl = param.GithubUrl ?? "",
            HuggingFaceUrl = param.HuggingFaceUrl ?? "",
            BaseModelDetails = record.Facts is { } facts ? ToDetails(facts) : param.BaseModelDetails is { } claimed ? ToDetails(claimed) : null,
            PeftDetails = record.Adapter is { } adapter ? ToDetails(adapter) : param.PeftDetails is { } stated ? ToDetails(stated) : null,
            ContextLength = record.Facts?.ContextLength ?? param.ContextLength ?? 0,
            TrainingContextLength = record.Facts?.ContextLength ?? param.TrainingContextLength ?? 0,
            ConversationConfig = param.ConversationConfig ?? (record.Facts?.HasChatTemplate == true || record.Chat is not null
                ? new ConversationConfig { Style = Jinja, Template = record.Chat?.Template ?? "" }
                : null),
            DefaultSamplingParams = record.Facts?.Sampling ?? new Dictionary<string, double>(),
            DefaultDraftModel = param.DefaultDraftModel ?? "",
            DefaultDraftTokenCount = param.DefaultDraftTokenCount ?? 0,
            DeployedModelRefs = references,
            DeprecationDate = param.DeprecationDate,
            FineTuningJob = record.FineTuningJob,
            SnapshotType = param.SnapshotType ?? default,
            SupportedPrecisions = record.Facts is { Precision: var precision } && Enum.TryParse<Precision>(precision, out var own) ? [own] : [],
            SupportsImageInput = param.SupportsImageInput ?? false,
            SupportsLora = record.Facts?.Tunable ?? param.SupportsLora ?? false,
            SupportsTools = record.Facts?.SupportsTools ?? param.SupportsTools ?? false,
            Tunable = record.Facts?.Tunable ?? false,
            TeftDetails = param.TeftDetails,
            UseHfApplyChatTemplate = param.UseHfApplyChatTemplate ?? false,
        };
    }

    private static BaseModelDetails ToDetails(ModelFacts facts) => new()
    {
        CheckpointFormat = CheckpointFormat.HUGGINGFACE,
        ParameterCount = facts.ParameterCount,
        ModelType = facts.ModelType,
        Moe = facts.Moe,
        DefaultPrecision = Mapping.ToEnum<Precision>(facts.Precision),
        Tunable = facts.Tunable,
        WorldSize = 1,
    };

    private static BaseModelDetails ToDetails(BaseModelDetailsParam claimed) => new()
    {
        CheckpointFormat = claimed.CheckpointFormat ?? default,
        ParameterCount = claimed.ParameterCount ?? 0,
        ModelType = claimed.ModelType ?? "",
        Moe = claimed.Moe ?? false,
        SupportsFireattention = claimed.SupportsFireattention ?? false,
        SupportsMtp = claimed.SupportsMtp ?? false,
        Tunable = claimed.Tunable ?? false,
        WorldSize = claimed.WorldSize ?? 1,
    };

    private static PeftDetails ToDetails(AdapterFacts adapter) => new()
    {
        BaseModel = adapter.BaseModel,
        R = adapter.Rank,
        TargetModules = adapter.TargetModules,
        BaseModelType = adapter.BaseModelType,
    };

    private static PeftDetails ToDetails(PeftDetailsParam stated) => new()
    {
        BaseModel = stated.BaseModel ?? "",
        R = stated.R ?? 0,
        TargetModules = stated.TargetModules ?? [],
        MergeAddonModelName = stated.MergeAddonModelName ?? "",
    };
}
