using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Hearth.Contracts;

namespace Hearth.Client;

/// <summary>
/// Typed client of the platform's HTTP API; the only way the command line and the console reach the server.
/// Ids are bare (<c>my-dataset</c>), names are full (<c>accounts/local/datasets/my-dataset</c>).
/// </summary>
public sealed partial class HearthClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly HttpClient _signed; // without the key

    /// <param name="url">Base address, such as <c>http://localhost:8080</c>.</param>
    /// <param name="handler">For tests; null: a new one.</param>
    public HearthClient(string url, string account, string apiKey, HttpMessageHandler? handler = null)
    {
        Account = account;
        _http = handler is null ? new HttpClient() : new HttpClient(handler, disposeHandler: false);
        _signed = handler is null ? new HttpClient() : new HttpClient(handler, disposeHandler: false);
        _signed.Timeout = Timeout.InfiniteTimeSpan;
        _http.BaseAddress = new Uri(url.TrimEnd('/') + "/");
        _http.Timeout = Timeout.InfiniteTimeSpan; // streams and uploads last as long as they last; callers pass tokens
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
    }

    public string Account { get; }

    public void Dispose()
    {
        _http.Dispose();
        _signed.Dispose();
    }

    // Datasets

    public Task<Dataset> CreateDatasetAsync(string id, DatasetParam? dataset = null, CancellationToken cancellationToken = default) =>
        SendAsync<Dataset>(HttpMethod.Post, Below("datasets"), new CreateDatasetRequest { DatasetId = id, Dataset = dataset ?? new() { UserUploaded = new() } }, cancellationToken);

    /// <summary>Files larger than this go by signed address, without the bound that forms have; bytes.</summary>
    public long LargestForm { get; init; } = 150L << 20;

    public async Task<DatasetUpload> UploadDatasetAsync(string id, Stream file, string fileName, CancellationToken cancellationToken = default)
    {
        if (file.CanSeek && file.Length - file.Position is var bytes && bytes > LargestForm) return await UploadLargeDatasetAsync(id, file, bytes, fileName, cancellationToken);
        using var form = new MultipartFormDataContent();
        using var content = new StreamContent(file);
        form.Add(content, "file", fileName);
        return await ReadAsync<DatasetUpload>(await _http.PostAsync(Below($"datasets/{id}:upload"), form, cancellationToken), ContractJson.Options, cancellationToken);
    }

    public Task<Dataset> GetDatasetAsync(string id, CancellationToken cancellationToken = default) => GetAsync<Dataset>(Below($"datasets/{id}"), cancellationToken);

    /// <summary>What the check of the dataset's file found; with a model also its tokens, which takes time on large files.</summary>
    public Task<HearthDatasetReport> GetDatasetReportAsync(string id, string? model = null, int? contextLength = null, CancellationToken cancellationToken = default) =>
        GetAsync<HearthDatasetReport>($"hearth/v1/accounts/{Account}/datasets/{id}/report{Query(("model", model), ("contextLength", contextLength?.ToString()))}", cancellationToken);

    /// <summary>A row, from 1; with a model also the text, tokens and loss mask that it makes of it.</summary>
    public Task<HearthDatasetRow> GetDatasetRowAsync(string id, long row, string? model = null, CancellationToken cancellationToken = default) =>
        GetAsync<HearthDatasetRow>($"hearth/v1/accounts/{Account}/datasets/{id}/rows/{row}{Query(("model", model))}", cancellationToken);

    public Task DeleteDatasetAsync(string id, CancellationToken cancellationToken = default) => DeleteAsync(Below($"datasets/{id}"), cancellationToken);

    // Jobs

    public Task<SupervisedFineTuningJob> CreateSupervisedJobAsync(SupervisedFineTuningJobParam job, string? id = null, CancellationToken cancellationToken = default) =>
        SendAsync<SupervisedFineTuningJob>(HttpMethod.Post, Below("supervisedFineTuningJobs") + (id is null ? "" : $"?supervisedFineTuningJobId={id}"), job, cancellationToken);

    public Task<SupervisedFineTuningJob> GetSupervisedJobAsync(string id, CancellationToken cancellationToken = default) =>
        GetAsync<SupervisedFineTuningJob>(Below($"supervisedFineTuningJobs/{id}"), cancellationToken);

    public Task CancelSupervisedJobAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync<EmptyMessage>(HttpMethod.Post, Below($"supervisedFineTuningJobs/{id}:cancel"), new EmptyMessage(), cancellationToken);

    /// <summary>Ends the job's trainer; <see cref="ResumeSupervisedJobAsync"/> goes on from its last step.</summary>
    public Task<SupervisedFineTuningJob> PauseSupervisedJobAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync<SupervisedFineTuningJob>(HttpMethod.Post, $"hearth/v1/accounts/{Account}/supervisedFineTuningJobs/{id}:pause", new EmptyMessage(), cancellationToken);

    /// <summary>Starts a trainer again for a failed or paused job.</summary>
    public Task<SupervisedFineTuningJob> ResumeSupervisedJobAsync(string id, CancellationToken cancellationToken = default) =>
        SendAsync<SupervisedFineTuningJob>(HttpMethod.Post, Below($"supervisedFineTuningJobs/{id}:resume"), new EmptyMessage(), cancellationToken);

    /// <summary>Yields the job at each poll, the last time in its final state.</summary>
    public async IAsyncEnumerable<SupervisedFineTuningJob> WatchSupervisedJobAsync(
        string id, TimeSpan interval, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var job = await GetSupervisedJobAsync(id, cancellationToken);
            yield return job;
            if (job.State is JobState.JOB_STATE_COMPLETED or JobState.JOB_STATE_FAILED or JobState.JOB_STATE_CANCELLED or JobState.JOB_STATE_EARLY_STOPPED) yield break;
            await Task.Delay(interval, cancellationToken);
        }
    }

    // Models and deployments

    public Task<Model> GetModelAsync(string name, CancellationToken cancellationToken = default) => GetAsync<Model>(Address(name, "models"), cancellationToken);

    public Task<Model> ImportBaseModelAsync(string id, string path, string? displayName = null, CancellationToken cancellationToken = default) =>
        SendAsync<Model>(HttpMethod.Post, "hearth/v1/baseModels:import", new ImportBaseModelRequest { ModelId = id, Path = path, DisplayName = displayName }, cancellationToken);

    public Task DeleteModelAsync(string id, CancellationToken cancellationToken = default) => DeleteAsync(Below($"models/{id}"), cancellationToken);

    public Task<Deployment> CreateDeploymentAsync(DeploymentParam deployment, string? id = null, CancellationToken cancellationToken = default) =>
        SendAsync<Deployment>(HttpMethod.Post, Below("deployments") + (id is null ? "" : $"?deploymentId={id}"), deployment, cancellationToken);

    public Task<Deployment> GetDeploymentAsync(string id, CancellationToken cancellationToken = default) => GetAsync<Deployment>(Below($"deployments/{id}"), cancellationToken);

    public Task DeleteDeploymentAsync(string id, bool ignoreChecks = false, CancellationToken cancellationToken = default) =>
        DeleteAsync(Below($"deployments/{id}?ignoreChecks={(ignoreChecks ? "true" : "false")}"), cancellationToken);

    /// <summary>Polls until a replica serves.</summary>
    /// <exception cref="HearthApiException">The deployment failed; the message has the reason.</exception>
    public async Task<Deployment> WaitForDeploymentAsync(string id, TimeSpan interval, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var deployment = await GetDeploymentAsync(id, cancellationToken);
            if (deployment.State == DeploymentState.READY) return deployment;
            if (deployment.State == DeploymentState.FAILED) throw new HearthApiException(500, "FAILED", $"{deployment.Name} failed: {deployment.Status?.Message}");
            await Task.Delay(interval, cancellationToken);
        }
    }

    public Task<DeployedModel> LoadAddonAsync(string model, string deployment, CancellationToken cancellationToken = default) =>
        SendAsync<DeployedModel>(HttpMethod.Post, Below("deployedModels"), new DeployedModelParam { Model = model, Deployment = deployment }, cancellationToken);

    public Task<DeployedModel> GetDeployedModelAsync(string name, CancellationToken cancellationToken = default) =>
        GetAsync<DeployedModel>(Address(name, "deployedModels"), cancellationToken);

    /// <summary>Polls until the addon is deployed.</summary>
    public async Task<DeployedModel> WaitForAddonAsync(string name, TimeSpan interval, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var deployed = await GetDeployedModelAsync(name, cancellationToken);
            if (deployed.State == DeployedModelState.DEPLOYED) return deployed;
            await Task.Delay(interval, cancellationToken);
        }
    }

    public Task UnloadAddonAsync(string name, CancellationToken cancellationToken = default) => DeleteAsync(Address(name, "deployedModels"), cancellationToken);

    // Keys

    public Task<ApiKey> CreateApiKeyAsync(string user, string displayName, CancellationToken cancellationToken = default) =>
        SendAsync<ApiKey>(HttpMethod.Post, Below($"users/{user}/apiKeys"), new CreateApiKeyRequest { ApiKey = new() { DisplayName = displayName } }, cancellationToken);

    public Task DeleteApiKeyAsync(string user, string keyId, CancellationToken cancellationToken = default) =>
        SendAsync<EmptyMessage>(HttpMethod.Post, Below($"users/{user}/apiKeys:delete"), new DeleteApiKeyRequest { KeyId = keyId }, cancellationToken);

    /// <summary>Every resource of a collection, page by page.</summary>
    /// <param name="collection">Plural on the wire, such as <c>datasets</c>.</param>
    /// <param name="account">Null: the own one.</param>
    public async IAsyncEnumerable<T> ListAsync<T>(
        string collection, string? filter = null, string? account = null, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var token = "";
        do
        {
            var query = $"?pageSize=200&pageToken={Uri.EscapeDataString(token)}&filter={Uri.EscapeDataString(filter ?? "")}";
            var page = await GetAsync<JsonElement>($"v1/accounts/{account ?? Account}/{collection}{query}", cancellationToken);
            foreach (var item in page.GetProperty(collection.Split('/')[^1]).EnumerateArray()) yield return item.Deserialize<T>(ContractJson.Options)!;
            token = page.GetProperty("nextPageToken").GetString()!;
        }
        while (token != "");
    }

    // Inference

    public Task<ChatCompletion> ChatAsync(ChatCompletionRequest request, CancellationToken cancellationToken = default) =>
        SendAsync<ChatCompletion>(HttpMethod.Post, "inference/v1/chat/completions", request with { Stream = false }, cancellationToken, InferenceJson.Options);

    /// <summary>A chat of one user message.</summary>
    public static ChatCompletionRequest Ask(string model, string text) => new()
    {
        Model = model,
        Messages = JsonSerializer.SerializeToElement(new[] { new { role = "user", content = text } }),
    };

    /// <summary>Streams chunks as they come.</summary>
    /// <exception cref="HearthApiException">The request is refused, or the stream breaks off with an error event.</exception>
    public async IAsyncEnumerable<ChatCompletionChunk> StreamChatAsync(
        ChatCompletionRequest request, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "inference/v1/chat/completions") { Content = Json(request with { Stream = true }, InferenceJson.Options) };
        using var response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await ThrowIfRefusedAsync(response, cancellationToken);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal)) continue;
            var data = line["data: ".Length..];
            if (data == "[DONE]") yield break;
            if (data.StartsWith("{\"error\"", StringComparison.Ordinal)) throw HearthApiException.From(500, data);
            yield return JsonSerializer.Deserialize<ChatCompletionChunk>(data, InferenceJson.Options)!;
        }
        throw new HearthApiException(500, "CUT", "The stream ended before its [DONE].");
    }

    private static string Query(params (string Name, string? Value)[] fields)
    {
        var given = fields.Where(field => field.Value is not null).Select(field => $"{field.Name}={Uri.EscapeDataString(field.Value!)}").ToList();
        return given.Count == 0 ? "" : "?" + string.Join('&', given);
    }

    private string Below(string path) => $"v1/accounts/{Account}/{path}";

    private string Address(string name, string collection) => name.Contains('/') ? $"v1/{name}" : Below($"{collection}/{name}");

    private async Task<T> GetAsync<T>(string address, CancellationToken cancellationToken) =>
        await ReadAsync<T>(await _http.GetAsync(address, cancellationToken), ContractJson.Options, cancellationToken);

    private async Task DeleteAsync(string address, CancellationToken cancellationToken)
    {
        using var response = await _http.DeleteAsync(address, cancellationToken);
        await ThrowIfRefusedAsync(response, cancellationToken);
    }

    private async Task<T> SendAsync<T>(HttpMethod method, string address, object body, CancellationToken cancellationToken, JsonSerializerOptions? options = null)
    {
        using var message = new HttpRequestMessage(method, address) { Content = Json(body, options ?? Compact) };
        return await ReadAsync<T>(await _http.SendAsync(message, cancellationToken), options ?? ContractJson.Options, cancellationToken);
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonSerializerOptions options, CancellationToken cancellationToken)
    {
        using (response)
        {
            await ThrowIfRefusedAsync(response, cancellationToken);
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            return (await JsonSerializer.DeserializeAsync<T>(body, options, cancellationToken))!;
        }
    }

    private static async Task ThrowIfRefusedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode) throw HearthApiException.From((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
    }

    private static StringContent Json(object body, JsonSerializerOptions options) =>
        new(JsonSerializer.Serialize(body, body.GetType(), options), Encoding.UTF8, "application/json");

    // What is not set is not sent.
    private static readonly JsonSerializerOptions Compact =
        new(ContractJson.Options) { DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull };
}
