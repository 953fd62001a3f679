using Hearth.Contracts;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary><c>datasets</c></summary>
internal static class DatasetEndpoints
{
    public static void Map(Routes routes)
    {
        routes.PostLong("datasets", Permission.Create, CreateAsync);
        routes.Get("datasets", Permission.View, ListAsync);
        routes.Get("datasets/{id}", Permission.View, GetAsync);
        routes.Patch("datasets/{id}", Permission.Change, UpdateAsync);
        routes.Delete("datasets/{id}", Permission.Change, DeleteAsync);
        routes.PostLong("datasets/{id}:splitDataset", Permission.Create, SplitAsync);
    }

    private static async Task<object> CreateAsync(Call call)
    {
        var request = await call.ReadAsync<CreateDatasetRequest>();
        if (request.DatasetId is null) throw HearthException.Invalid("datasetId is required.");
        var param = request.Dataset ?? new DatasetParam();
        if (!string.IsNullOrEmpty(param.ExternalUrl)) throw HearthException.Unimplemented("A dataset in a bucket of your own (externalUrl)");
        Mapping.CheckTexts(param.DisplayName);
        var name = call.NewName(ResourceKind.Datasets, request.DatasetId, "datasetId");
        if (!string.IsNullOrEmpty(request.SourceDatasetId)) return ToContract(call, await TransformAsync(call, name, request, param));
        if (!string.IsNullOrEmpty(request.Filter)) throw HearthException.Invalid("filter needs sourceDatasetId: the dataset whose rows it chooses from.");
        return ToContract(call, await call.Service<Datasets>().CreateAsync(call.Caller, name, Apply(new DatasetRecord(), param), call.Cancelled));
    }

    /// <summary>The rows of another dataset, all or those that <c>filter</c> keeps.</summary>
    private static async ValueTask<Stored<DatasetRecord>> TransformAsync(Call call, ResourceName name, CreateDatasetRequest request, DatasetParam param)
    {
        var datasets = call.Service<Datasets>();
        var source = await SourceAsync(call, request.SourceDatasetId!);
        var filter = string.IsNullOrEmpty(request.Filter) ? null : FilterSyntax.Parse(request.Filter);
        await call.Service<Quotas>().RequireAsync(call.Account, QuotaKind.DatasetBytes, source.Value.Bytes, call.Cancelled);
        var transformed = new Transformed { SourceDatasetId = source.Name.Id, Filter = request.Filter ?? "", OriginalFormat = Mapping.ToEnum<DatasetFormat>(source.Value.Format) };
        var dataset = Apply(new DatasetRecord(), param with { Transformed = transformed, UserUploaded = null });
        return filter is null
            ? await datasets.CopyAsync(call.Caller, name, dataset, source.Name, call.Cancelled)
            : await datasets.FilterAsync(call.Caller, name, dataset, source.Name, filter.Matches, call.Cancelled);
    }

    private static async Task<object> SplitAsync(Call call)
    {
        var request = await call.ReadAsync<SplitDatasetRequest>();
        if (request.DatasetIds is not [var first, var second] || first == second) throw HearthException.Invalid("datasetIds must name two different new datasets.");
        if (request.Fraction is null == request.Rows is null) throw HearthException.Invalid("Give either fraction or rows: what the first of the two datasets gets.");
        if (request.Fraction is not (null or > 0 and < 1)) throw HearthException.Invalid($"fraction {request.Fraction} must be more than 0 and less than 1.");
        if (request.Rows < 1) throw HearthException.Invalid($"rows {request.Rows} must be 1 or more.");
        var source = call.Name(ResourceKind.Datasets);
        await call.Service<Quotas>().RequireAsync(call.Account, QuotaKind.DatasetBytes, (await SourceAsync(call, source.Id)).Value.Bytes, call.Cancelled);
        var dataset = Apply(new DatasetRecord(), new DatasetParam { Splitted = new() { SourceDatasetId = source.Id } });
        var split = new DatasetSplit(Part(first), Part(second), dataset, request.Fraction, request.Rows, request.Seed ?? 0);
        return new SplitDatasetResponse { Datasets = [.. (await call.Service<Datasets>().SplitAsync(call.Caller, source, split, call.Cancelled)).Select(part => ToContract(call, part))] };

        ResourceName Part(string id) => call.NewName(ResourceKind.Datasets, id, "datasetIds");
    }

    private static async ValueTask<Stored<DatasetRecord>> SourceAsync(Call call, string text)
    {
        var name = ResourceName.Resolve(text, call.Account, ResourceKind.Datasets);
        return name.Account == call.Account ? await call.Service<ResourceStore>().GetAsync<DatasetRecord>(name, call.Cancelled) : throw HearthException.NotFound(name.Value);
    }

    private static Task<object> ListAsync(Call call) => call.Service<Lister>().ListAsync(
        call, $"accounts/{call.Account}", new(ResourceKind.Datasets, typeof(Dataset), row => ToContract(call, Records.Read<DatasetRecord>(row))));

    private static async Task<object> GetAsync(Call call)
    {
        var dataset = await call.Service<ResourceStore>().GetAsync<DatasetRecord>(call.Name(ResourceKind.Datasets), call.Cancelled);
        return ReadMask.Parse(call.Query("readMask")).Apply(ToContract(call, dataset));
    }

    private static async Task<object> UpdateAsync(Call call)
    {
        var patch = await call.ReadAsync<DatasetParam>();
        Mapping.CheckTexts(patch.DisplayName);
        return ToContract(call, await call.Service<Datasets>().UpdateAsync(
            call.Caller, call.Name(ResourceKind.Datasets), dataset => Apply(dataset, Merge(dataset.Echo, patch)), call.Cancelled));
    }

    /// <summary>A dataset has one source: setting another replaces it.</summary>
    private static DatasetParam Merge(string echo, DatasetParam patch)
    {
        var merged = Mapping.Merge(echo, patch);
        if (patch is { UserUploaded: null, EvalProtocol: null, EvaluationResult: null, Splitted: null, Transformed: null }) return merged;
        return merged with
        {
            UserUploaded = patch.UserUploaded,
            EvalProtocol = patch.EvalProtocol,
            EvaluationResult = patch.EvaluationResult,
            Splitted = patch.Splitted,
            Transformed = patch.Transformed,
        };
    }

    private static async Task<object> DeleteAsync(Call call)
    {
        await call.Service<Datasets>().DeleteAsync(call.Caller, call.Name(ResourceKind.Datasets), call.Cancelled);
        return Answers.Empty;
    }

    private static DatasetRecord Apply(DatasetRecord dataset, DatasetParam param) => dataset with
    {
        DisplayName = param.DisplayName ?? "",
        ClaimedRows = param.ExampleCount,
        Format = dataset.Rows > 0 ? dataset.Format : (param.Format ?? DatasetFormat.FORMAT_UNSPECIFIED).ToString(),
        Echo = Mapping.ToEcho(param),
    };

    private static Dataset ToContract(Call call, Stored<DatasetRecord> dataset)
    {
        var (record, param) = (dataset.Value, Mapping.FromEcho<DatasetParam>(dataset.Value.Echo));
        return new()
        {
            Name = dataset.Name.Value,
            DisplayName = record.DisplayName,
            CreatedBy = record.CreatedBy,
            CreateTime = dataset.Row.CreateTime,
            UpdateTime = dataset.Row.UpdateTime,
            State = Mapping.ToEnum<UploadState>(dataset.Row.State),
            Status = Mapping.ToStatus(record.StatusCode, record.StatusMessage),
            Format = Mapping.ToEnum<DatasetFormat>(record.Format),
            ExampleCount = record.Rows,
            EstimatedTokenCount = record.EstimatedTokens,
            AverageTurnCount = record.AverageTurns,
            ExternalUrl = param.ExternalUrl ?? "",
            SourceJobName = param.SourceJobName ?? "",
            EvalProtocol = param.EvalProtocol,
            EvaluationResult = param.EvaluationResult,
            Splitted = param.Splitted,
            Transformed = param.Transformed,
            UserUploaded = param is { EvalProtocol: null, EvaluationResult: null, Splitted: null, Transformed: null } ? new EmptyMessage() : null,
            HearthFormat = record.HearthFormat == "" ? null : record.HearthFormat,
            HearthReport = record.ReportBlob == "" ? null : $"{call.Service<PublicAddress>().Value}/hearth/v1/{dataset.Name}/report",
        };
    }
}
