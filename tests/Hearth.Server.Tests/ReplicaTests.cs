using Hearth.Client;
using Hearth.Contracts;
using Hearth.ControlPlane;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Several replicas of a deployment, what they cost, and what happens to them with time.</summary>
public sealed class ReplicaTests : IAsyncLifetime
{
    private const string Serve = "accounts/local/deployments/serve";
    private const string Second = $"{Serve}/replicas/1";

    private readonly ManualClock _clock = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("hearth-replicas-").FullName;
    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Replicas_are_processes_of_their_own_up_to_what_the_machine_holds()
    {
        await CreateAsync(min: 3, max: 4);
        Assert.Equal([Serve, Second], (await _server.Assignments.ListAsync(default)).Select(assignment => assignment.Resource));
        var deployment = await _server.Client.GetDeploymentAsync("serve");
        Assert.Equal((3, 4, 3, 2), (deployment.MinReplicaCount, deployment.MaxReplicaCount, deployment.DesiredReplicaCount, deployment.ReplicaCount));
        Assert.Equal((1, 2, 0), (deployment.ReplicaStats!.PendingSchedulingReplicaCount, deployment.ReplicaStats.InitializingReplicaCount, deployment.ReplicaStats.ReadyReplicaCount));
        Assert.Contains("this machine holds 2", deployment.HearthPlacement!.Note);
        await ServeAllAsync();
        Assert.Equal(2, (await _server.Client.GetDeploymentAsync("serve")).ReplicaStats!.ReadyReplicaCount);
        Assert.Equal(400, (await _server.SendAsync(HttpMethod.Patch, $"/v1/{Serve}:scale", """{"replicaCount":5}""")).Status);
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Patch, $"/v1/{Serve}:scale", """{"replicaCount":1}""")).Status);
        Assert.Equal(Serve, Assert.Single(await _server.Assignments.ListAsync(default)).Resource);
        Assert.Equal(0, Assert.Single(await _server.Store.ListEndpointsAsync(Serve, default)).Replica);
        await _server.SendAsync(HttpMethod.Patch, $"/v1/{Serve}:scale", """{"replicaCount":2}""");
        Assert.Equal(DeploymentState.READY, (await _server.Client.GetDeploymentAsync("serve")).State); // the first serves on
        Assert.Equal(2, (await _server.Assignments.ListAsync(default)).Count);
    }

    [Fact]
    public async Task A_request_goes_to_the_replica_with_the_least_to_do_and_elsewhere_when_that_ends()
    {
        await CreateAsync(min: 2, max: 2);
        await ServeAllAsync();
        var held = new TaskCompletionSource();
        _server.Gateway.Always = (_, request, cancelled) => HeldAsync(held, request, cancelled);
        var first = _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
        await _server.UntilAsync(() => Task.FromResult(_server.Gateway.Requests.Count == 1));
        var second = _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
        await _server.UntilAsync(() => Task.FromResult(_server.Gateway.Requests.Count == 2));
        Assert.Equal(2, _server.Gateway.Requests.Select(request => request.Socket).Distinct().Count());
        held.SetResult();
        await Task.WhenAll(first, second);

        var dead = _server.Gateway.Requests[0].Socket;
        _server.Gateway.Always = (socket, request, cancelled) => socket == dead ? LostAsync() : ScriptedGateway.HelloAsync(request, cancelled);
        for (var i = 0; i < 2; i++) Assert.Equal("Hello world", (await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"))).Choices[0].Message.Content);
    }

    [Fact]
    public async Task Requests_with_one_affinity_key_go_to_one_replica_where_the_deployment_says_so()
    {
        await _server.PostAsync("/v1/accounts/local/deployments?deploymentId=serve", """{"baseModel":"tiny","minReplicaCount":2,"maxReplicaCount":2,"enableSessionAffinity":true}""");
        await ServeAllAsync();
        foreach (var key in new[] { "a", "b", "c", "d", "e", "f", "a", "b", "c", "d", "e", "f" })
            await _server.PostAsync("/v1/chat/completions", $$"""{"model":"tiny","messages":[{"role":"user","content":"Hi"}],"prompt_cache_key":"{{key}}","user":"same"}""");
        var sockets = _server.Gateway.Requests.Select(request => request.Socket).ToList();
        Assert.Equal(sockets[..6], sockets[6..]);
        Assert.Equal(2, sockets.Distinct().Count());
    }

    [Fact]
    public async Task One_of_several_replicas_that_fails_leaves_the_others_serving()
    {
        await CreateAsync(min: 2, max: 2);
        await _server.ServeAsync(Serve);
        var epoch = (await _server.AssignmentOfAsync(Second)).Epoch;
        for (var start = 0; start < 3; start++) Assert.True(await _server.Reports.ReplicaExitedAsync(Second, epoch, "out of memory", default));
        var deployment = await _server.Client.GetDeploymentAsync("serve");
        Assert.Equal((DeploymentState.READY, 1, "out of memory"), (deployment.State, deployment.ReplicaCount, deployment.Status!.Message));
        await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
    }

    [Fact]
    public async Task An_adapter_is_visible_when_every_replica_holds_it()
    {
        await _server.AddDatasetAsync("rows");
        var job = await _server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny", OutputModel = "one" }, "job");
        await _server.TrainAsync(job.Name, "one");
        await CreateAsync(min: 2, max: 2);
        await ServeAllAsync();
        var addon = await _server.Client.LoadAddonAsync("one", "serve");
        await _server.ServeAsync(Serve);
        Assert.Equal(DeployedModelState.DEPLOYING, (await _server.Client.GetDeployedModelAsync(addon.Name)).State);
        Assert.Equal(503, (await Assert.ThrowsAsync<HearthApiException>(() => _server.Client.ChatAsync(HearthClient.Ask("one", "Hi")))).Status);
        await _server.ServeAsync(Second);
        Assert.Equal(DeployedModelState.DEPLOYED, (await _server.Client.GetDeployedModelAsync(addon.Name)).State);
        await _server.Client.ChatAsync(HearthClient.Ask("one", "Hi"));
    }

    [Fact]
    public async Task Replica_seconds_are_metered_by_the_minute_once_across_restarts_and_to_the_end()
    {
        await _server.PostAsync("/v1/accounts/local/deployments?deploymentId=serve", """{"baseModel":"tiny","minReplicaCount":1,"acceleratorCount":4}""");
        await _server.ServeAsync(Serve);
        _clock.Advance(TimeSpan.FromSeconds(150));
        await DueAsync();
        await DueAsync();
        Assert.Equal([60_000, 60_000], (await UsageAsync()).Select(row => row.DurationMilliseconds));
        await _server.DisposeAsync(); // the server ends: the third minute was not over
        _server = await StartAsync();
        await DueAsync();
        Assert.Equal(2, (await UsageAsync()).Count);
        await _server.ServeAsync(Serve);
        _clock.Advance(TimeSpan.FromSeconds(90));
        await _server.SendAsync(HttpMethod.Patch, $"/v1/{Serve}:scale", """{"replicaCount":0}""");
        _clock.Advance(TimeSpan.FromSeconds(500));
        await DueAsync();
        var usage = await UsageAsync();
        Assert.Equal(4, usage.Count);
        Assert.InRange(usage.Sum(row => row.DurationMilliseconds), 210_000, 240_000);
        Assert.All(usage, row => Assert.Equal((4L, $"{Serve}/replicas/0", TestServer.Base), (row.Accelerators, row.Resource, row.Model)));
    }

    [Fact]
    public async Task Without_requests_it_scales_to_zero_and_a_week_later_it_is_deleted_and_then_purged()
    {
        await CreateAsync(min: 0, max: 1);
        await _server.ServeAsync(Serve);
        _clock.Advance(TimeSpan.FromMinutes(50));
        await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
        _clock.Advance(TimeSpan.FromMinutes(30));
        await DueAsync();
        Assert.Single(await _server.Assignments.ListAsync(default)); // asked half an hour ago
        _clock.Advance(TimeSpan.FromMinutes(31));
        await DueAsync();
        Assert.Empty(await _server.Assignments.ListAsync(default));
        var asleep = await _server.Client.GetDeploymentAsync("serve");
        Assert.Equal((DeploymentState.READY, 0), (asleep.State, asleep.ReplicaCount));
        Assert.Equal(503, (await Assert.ThrowsAsync<HearthApiException>(() => _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi")))).Status);
        await _server.ServeAsync(Serve); // woken
        _clock.Advance(TimeSpan.FromDays(6));
        await DueAsync();
        Assert.Equal(200, (await _server.GetAsync($"/v1/{Serve}")).Status);
        _clock.Advance(TimeSpan.FromDays(2));
        await DueAsync();
        Assert.Equal(404, (await _server.GetAsync($"/v1/{Serve}")).Status);
        Assert.Equal(1, (await _server.GetAsync("/v1/accounts/local/deployments?showDeleted=true")).Body.GetProperty("totalSize").GetInt32());
        _clock.Advance(TimeSpan.FromDays(8));
        await DueAsync();
        Assert.Equal(0, (await _server.GetAsync("/v1/accounts/local/deployments?showDeleted=true")).Body.GetProperty("totalSize").GetInt32());
    }

    [Fact]
    public async Task An_unused_deployment_that_a_router_names_is_kept()
    {
        await CreateAsync(min: 0, max: 1);
        await _server.PostAsync("/v1/accounts/local/routers?routerId=spread", """{"deployments":["serve"]}""");
        _clock.Advance(TimeSpan.FromDays(8));
        await DueAsync();
        Assert.Equal(200, (await _server.GetAsync($"/v1/{Serve}")).Status);
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Delete, "/v1/accounts/local/routers/spread")).Status);
        _clock.Advance(TimeSpan.FromDays(8));
        await DueAsync();
        Assert.Equal(404, (await _server.GetAsync($"/v1/{Serve}")).Status);
    }

    [Fact]
    public async Task A_minimum_of_one_keeps_its_replica_and_itself()
    {
        await CreateAsync(min: 1, max: 1);
        await _server.ServeAsync(Serve);
        _clock.Advance(TimeSpan.FromDays(9));
        await DueAsync();
        Assert.Single(await _server.Assignments.ListAsync(default));
        Assert.Equal(200, (await _server.GetAsync($"/v1/{Serve}")).Status);
    }

    [Fact]
    public async Task The_number_of_replicas_follows_the_load_once_a_whole_window_has_asked_for_it()
    {
        await _server.PostAsync("/v1/accounts/local/deployments?deploymentId=serve", """
            {"baseModel":"tiny","minReplicaCount":1,"maxReplicaCount":4,"autoscalingPolicy":{"scaleUpWindow":"30s","scaleDownWindow":"60s","loadTargets":{"concurrent_requests":1}}}
            """);
        await _server.ServeAsync(Serve);
        var held = new TaskCompletionSource();
        _server.Gateway.Always = (_, request, cancelled) => HeldAsync(held, request, cancelled);
        var asked = Enumerable.Range(0, 3).Select(_ => _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"))).ToList();
        await _server.UntilAsync(() => Task.FromResult(_server.Gateway.Requests.Count == 3));
        Assert.Equal(1, await LookAsync(TimeSpan.Zero));
        Assert.Equal(1, await LookAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(2, await LookAsync(TimeSpan.FromSeconds(20))); // three are asked for, the machine holds two
        held.SetResult();
        await Task.WhenAll(asked);
        Assert.Equal(2, await LookAsync(TimeSpan.FromSeconds(5)));
        Assert.Equal(1, await LookAsync(TimeSpan.FromSeconds(61)));
        Assert.Equal(1, await LookAsync(TimeSpan.FromSeconds(61))); // never below one: the due rows do that
    }

    [Fact]
    public void Several_targets_ask_for_the_largest_number_and_windows_for_what_all_of_them_asked()
    {
        var load = new DeploymentLoad(ConcurrentRequests: 100, RequestsPerSecond: 3, PromptTokensPerSecond: 10, GeneratedTokensPerSecond: 500);
        Assert.Equal(2, load.Wanted(new Dictionary<string, double> { ["default"] = 0.8 }));
        Assert.Equal(5, load.Wanted(new Dictionary<string, double> { ["default"] = 0.8, ["tokens_generated_per_second"] = 100, ["requests_per_second"] = 1 }));
        var window = new ScaleWindow();
        var (start, up, down) = (DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60));
        Assert.Null(window.Decide(start, 4, 1, up, down));
        Assert.Null(window.Decide(start.AddSeconds(10), 2, 1, up, down));
        Assert.Equal(2, window.Decide(start.AddSeconds(30), 3, 1, up, down));
        Assert.Null(window.Decide(start.AddSeconds(40), 1, 2, up, down));
        Assert.Null(window.Decide(start.AddSeconds(90), 2, 2, up, down)); // the load is back: the window begins anew
        Assert.Null(window.Decide(start.AddSeconds(110), 1, 2, up, down));
        Assert.Equal(1, window.Decide(start.AddSeconds(170), 1, 2, up, down));
    }

    private async Task<int> LookAsync(TimeSpan after)
    {
        _clock.Advance(after);
        await _server.Server.Services.GetRequiredService<ScalingService>().LookAsync(default);
        return (await _server.Client.GetDeploymentAsync("serve")).ReplicaCount;
    }

    private static async IAsyncEnumerable<GenerationEvent> HeldAsync(
        TaskCompletionSource held, GenerationRequest request, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancelled)
    {
        await held.Task;
        await foreach (var part in ScriptedGateway.HelloAsync(request, cancelled)) yield return part;
    }

    private Task<TestServer> StartAsync() => TestServer.StartAsync(_folder, _clock, services => services.AddSingleton(new DeploymentLimits(ReplicasPerDeployment: 2)));

    private Task<Deployment> CreateAsync(int min, int max) => _server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny", MinReplicaCount = min, MaxReplicaCount = max, EnableAddons = true }, "serve");

    private async Task ServeAllAsync()
    {
        foreach (var assignment in await _server.Assignments.ListAsync(default)) await _server.ServeAsync(assignment.Resource);
    }

    private async Task DueAsync() => await _server.Server.Services.GetRequiredService<DueRunner>().RunAsync(default);

    private async Task<IReadOnlyList<UsageEntry>> UsageAsync() => await _server.Store.ListUsageAsync(new UsageQuery("local") { Kind = "replica" }, default);

    private static async IAsyncEnumerable<GenerationEvent> LostAsync()
    {
        await Task.Yield();
        if (DateTime.UnixEpoch.Year == 1970) throw new ReplicaLostException("killed");
        yield break;
    }
}
