using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Hearth.Client;
using Hearth.ControlPlane;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>A real server on Kestrel over a temporary data directory, with a scripted replica and a node that the test plays.</summary>
public sealed class TestServer : IAsyncDisposable
{
    public const string Base = "accounts/fireworks/models/tiny";

    private readonly bool _ownsDirectory;

    private TestServer(HearthServer server, ScriptedGateway gateway, string directory, bool ownsDirectory)
    {
        (Server, Gateway, Directory, _ownsDirectory) = (server, gateway, directory, ownsDirectory);
        Http = NewHttp(server.AdminKey);
        Client = new HearthClient(server.Url, server.Account, server.AdminKey!);
    }

    public HearthServer Server { get; }
    public ScriptedGateway Gateway { get; }
    public string Directory { get; }
    public HearthClient Client { get; }

    /// <summary>Plain HTTP with the admin key.</summary>
    public HttpClient Http { get; }

    public IStore Store => Server.Services.GetRequiredService<IStore>();
    public INodeReports Reports => Server.Services.GetRequiredService<INodeReports>();
    public IAssignments Assignments => Server.Services.GetRequiredService<IAssignments>();

    public static async Task<TestServer> StartAsync(
        string? directory = null, TimeProvider? clock = null, Action<IServiceCollection>? configure = null, string? masterKeyFile = null,
        Func<HearthServerOptions, HearthServerOptions>? options = null)
    {
        var gateway = new ScriptedGateway();
        var folder = directory ?? System.IO.Directory.CreateTempSubdirectory("hearth-server-").FullName;
        var plain = new HearthServerOptions { DataDirectory = folder, Port = 0, Clock = clock ?? TimeProvider.System, ShutdownTimeout = TimeSpan.FromSeconds(1), MasterKeyFile = masterKeyFile };
        var server = await HearthServer.CreateAsync(options?.Invoke(plain) ?? plain, services =>
        {
            services.AddSingleton<IReplicaGateway>(gateway);
            configure?.Invoke(services);
        });
        await server.StartAsync();
        await server.RegisterBaseModelAsync("tiny", Path.Combine(folder, "tiny-model"), Facts, "Tiny");
        return new(server, gateway, folder, directory is null);
    }

    public static ModelFacts Facts => new() { ContextLength = 1024, ParameterCount = 2_260_000, ModelType = "llama", HasChatTemplate = true, Precision = "BF16" };

    public HttpClient NewHttp(string? key)
    {
        // The server's own certificate is in no store; the tests of TLS check it themselves.
        var http = new HttpClient(new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, _, _, _) => true }) { BaseAddress = new Uri(Server.Url) };
        if (key is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return http;
    }

    public static string Rows(int count) => string.Concat(Enumerable.Range(0, count).Select(i =>
        $$"""{"messages":[{"role":"user","content":"What is {{i}} + 1?"},{"role":"assistant","content":"{{i + 1}}"}]}""" + "\n"));

    public static HttpContent JsonBody(string json) => new StringContent(json, Encoding.UTF8, "application/json");

    public async Task<(int Status, JsonElement Body)> SendAsync(HttpMethod method, string address, string? json = null, HttpClient? http = null)
    {
        using var message = new HttpRequestMessage(method, address) { Content = json is null ? null : JsonBody(json) };
        using var response = await (http ?? Http).SendAsync(message);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text == "" ? default : JsonDocument.Parse(text).RootElement);
    }

    public Task<(int Status, JsonElement Body)> GetAsync(string address) => SendAsync(HttpMethod.Get, address);

    public Task<(int Status, JsonElement Body)> PostAsync(string address, string json) => SendAsync(HttpMethod.Post, address, json);

    public async Task<(int Status, JsonElement Body)> UploadAsync(string dataset, string content, string fileName = "data.jsonl")
    {
        using var form = new MultipartFormDataContent { { new ByteArrayContent(Encoding.UTF8.GetBytes(content)), "file", fileName } };
        using var response = await Http.PostAsync($"/v1/accounts/local/datasets/{dataset}:upload", form);
        return ((int)response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }

    public async Task<string> AddDatasetAsync(string id, int rows = 8)
    {
        await Client.CreateDatasetAsync(id);
        var (status, body) = await UploadAsync(id, Rows(rows));
        Assert.True(status == 200, body.ToString());
        return id;
    }

    /// <summary>A dataset of the rows that a kind of job trains on: each a line of JSON.</summary>
    public async Task AddDatasetAsync(string id, string row, int rows = 4)
    {
        await Client.CreateDatasetAsync(id);
        var (status, body) = await UploadAsync(id, string.Concat(Enumerable.Repeat(row + "\n", rows)));
        Assert.True(status == 200, body.ToString());
    }

    public const string PreferenceRow =
        """{"input":{"messages":[{"role":"user","content":"Hi"}],"tools":[]},"preferred_output":[{"role":"assistant","content":"Hello."}],"non_preferred_output":[{"role":"assistant","content":"No."}]}""";

    public const string PromptRow = """{"messages":[{"role":"user","content":"What is 2 + 2?"}],"ground_truth":"4"}""";

    public const string SamplesRow =
        """{"samples":[{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."}],"evals":{"score":1.0}},{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"No."}],"evals":{"score":0.0}}]}""";

    /// <summary>An evaluator whose code is there.</summary>
    public async Task AddEvaluatorAsync(string id)
    {
        var (status, body) = await PostAsync("/v1/accounts/local/evaluatorsV2", $$$"""
            {"evaluatorId":"{{{id}}}","evaluator":{"criteria":[{"type":"CODE_SNIPPETS","name":"exact","codeSnippets":{"language":"python","entryFile":"main.py","entryFunc":"evaluate",
             "fileContents":{"main.py":"def evaluate(messages, ground_truth, **kwargs): return {'score': 1.0}"} } }]} }
            """);
        Assert.True(status == 200, body.ToString());
    }

    /// <summary>Puts a resource into a state that no verb leads to in this version.</summary>
    public async Task ForceStateAsync(string name, string state)
    {
        var row = (await Store.GetAsync(name, default))!;
        await Store.CommitAsync(new Change().Update(row with { State = state }), default);
    }

    public async Task AddBatchRowsAsync(string id, string rows)
    {
        await Client.CreateDatasetAsync(id);
        var (status, body) = await UploadAsync(id, rows, $"{id}.jsonl");
        Assert.True(status == 200, body.ToString());
    }

    public async Task<Assignment> AssignmentOfAsync(string resource) =>
        Assert.Single(await Assignments.ListAsync(default), assignment => assignment.Resource == resource);

    /// <summary>Plays a trainer that takes two steps and ends well.</summary>
    public async Task TrainAsync(string job, string marker = "adapter")
    {
        var assignment = await AssignmentOfAsync(job);
        var folder = System.IO.Directory.CreateDirectory(Path.Combine(assignment.Trainer!.RunFolder, "adapter")).FullName;
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), """{"peft_type":"LORA","r":8,"target_modules":["q_proj","v_proj"]}""");
        File.WriteAllText(Path.Combine(folder, "adapter_model.safetensors"), marker);
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(marker)));
        for (var step = 1; step <= 2; step++)
            Assert.True(await Reports.JobProgressAsync(job, assignment.Epoch, new(step, 2, 2.0 / step, 1000, 500 * step, 0.5 * step, 2 - step), default));
        Assert.True(await Reports.JobCompletedAsync(job, assignment.Epoch, new(folder, hash, 2, 1000, 1.0, 2), default));
    }

    /// <summary>Plays a replica that holds what its assignment says.</summary>
    public async Task ServeAsync(string deployment)
    {
        var assignment = await AssignmentOfAsync(deployment);
        Assert.True(await Reports.ReplicaReadyAsync(deployment, assignment.Epoch, $"/run/{assignment.Epoch}{(deployment.Contains("/replicas/") ? "-1" : "")}.sock", [.. assignment.Replica!.Addons.Select(addon => addon.Hash)], default));
    }

    /// <summary>Waits for what happens elsewhere; looks after each commit, and now and then.</summary>
    public async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var changed = new SemaphoreSlim(0);
        void Signal(Change change) => changed.Release();
        Store.Committed += Signal;
        try
        {
            for (var waited = System.Diagnostics.Stopwatch.StartNew(); !await condition(); await changed.WaitAsync(TimeSpan.FromMilliseconds(50)))
                Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), "The condition did not come true.");
        }
        finally
        {
            Store.Committed -= Signal;
        }
    }

    /// <summary>Everything in the outbox is delivered when this returns.</summary>
    public async Task DeliveredAsync()
    {
        var handlers = Server.Services.GetRequiredService<OutboxHandlers>();
        while (await handlers.DeliverAsync(default) > 0)
        {
            // The server's own service may deliver beside us: twice does no harm.
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        Client.Dispose();
        await Server.StopAsync();
        await Server.DisposeAsync();
        if (_ownsDirectory) System.IO.Directory.Delete(Directory, recursive: true);
    }
}
