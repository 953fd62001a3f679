using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;

namespace Hearth.Server.Tests;

/// <summary>The server of a walk, and the resources that others refer to.</summary>
public sealed class Stage : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("hearth-walk-").FullName;

    public TestServer Server { get; private set; } = null!;
    public string Rows { get; } = "accounts/local/datasets/stage-rows";
    public IReadOnlyList<string> Adapters { get; } = ["accounts/local/models/stage-a", "accounts/local/models/stage-b", "accounts/local/models/stage-c"];
    public IReadOnlyList<string> Deployments { get; } = ["accounts/local/deployments/stage-x", "accounts/local/deployments/stage-y"];

    public string Pairs { get; } = "accounts/local/datasets/stage-pairs";
    public string Prompts { get; } = "accounts/local/datasets/stage-prompts";
    public string Samples { get; } = "accounts/local/datasets/stage-samples";
    public string Requests { get; } = "accounts/local/datasets/stage-requests";
    public string Evaluator { get; } = "accounts/local/evaluators/stage-judge";

    public static async Task<Stage> SetAsync(Needs needs)
    {
        var stage = new Stage();
        stage.Server = await TestServer.StartAsync(stage._directory, configure: StandStill);
        if (needs.HasFlag(Needs.Rows) || needs.HasFlag(Needs.Adapters)) await stage.Server.AddDatasetAsync("stage-rows");
        if (needs.HasFlag(Needs.Adapters))
            foreach (var adapter in stage.Adapters) await stage.TrainAsync(adapter);
        if (needs.HasFlag(Needs.Deployments))
            foreach (var deployment in stage.Deployments)
                await stage.PostAsync($"deployments?deploymentId={deployment.Split('/')[^1]}", new() { ["baseModel"] = TestServer.Base, ["enableAddons"] = true });
        if (needs.HasFlag(Needs.Rewards)) await stage.AddRewardsAsync();
        return stage;
    }

    /// <summary>Stops the server and starts another over the same data directory.</summary>
    public async Task RestartAsync()
    {
        await Server.DisposeAsync();
        Server = await TestServer.StartAsync(_directory, configure: StandStill);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>No batch job goes on between two requests of a walk.</summary>
    private static void StandStill(IServiceCollection services) => services.Remove(services.Single(service => service.ImplementationType == typeof(BatchService)));

    private async Task AddRewardsAsync()
    {
        await Server.AddDatasetAsync("stage-pairs", TestServer.PreferenceRow);
        await Server.AddDatasetAsync("stage-prompts", TestServer.PromptRow);
        await Server.AddDatasetAsync("stage-samples", TestServer.SamplesRow);
        await Server.AddDatasetAsync("stage-requests", string.Join('\n', "abc".Select(id => $$$"""{"custom_id":"{{{id}}}","body":{"messages":[{"role":"user","content":"Hi"}]}}""")), rows: 1);
        await Server.AddEvaluatorAsync("stage-judge");
    }

    private async Task TrainAsync(string adapter)
    {
        var id = adapter.Split('/')[^1];
        await PostAsync($"supervisedFineTuningJobs?supervisedFineTuningJobId={id}", new() { ["dataset"] = Rows, ["baseModel"] = TestServer.Base, ["outputModel"] = adapter });
        await Server.TrainAsync($"accounts/local/supervisedFineTuningJobs/{id}", id);
    }

    private async Task PostAsync(string address, JsonObject body)
    {
        var (status, answer) = await Server.PostAsync($"/v1/accounts/local/{address}", body.ToJsonString());
        if (status != 200) throw new InvalidOperationException($"{address}: {status} {answer}");
    }
}
