using Hearth.Client;
using Hearth.Contracts;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Deployments: desired state with epochs, addons, and the names that requests find them by.</summary>
public sealed class DeploymentTests : IAsyncLifetime
{
    private const string Serve = "accounts/local/deployments/serve";
    private TestServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync();
        await _server.AddDatasetAsync("rows");
        foreach (var model in new[] { "one", "two" })
        {
            var job = await _server.Client.CreateSupervisedJobAsync(new() { Dataset = "rows", BaseModel = "tiny", OutputModel = model }, $"job-{model}");
            await _server.TrainAsync(job.Name, model);
        }
        await _server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny", EnableAddons = true }, "serve");
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Every_form_of_a_model_name_finds_its_replica()
    {
        await _server.ServeAsync(Serve);
        await LoadAsync("one");
        var record = (await LoadAsync("two")).Name;
        var merged = await _server.Client.CreateDeploymentAsync(new() { BaseModel = "one" }, "merged");
        await _server.ServeAsync(merged.Name);
        (string Model, string? Addon, string Deployment)[] forms =
        [
            ("tiny", null, "serve"),
            ("fireworks/tiny", null, "serve"),
            ("accounts/fireworks/models/tiny", null, "serve"),
            ("accounts/fireworks/models/tiny#accounts/local/deployments/serve", null, "serve"),
            ("fireworks/tiny#local/serve", null, "serve"),
            ("accounts/local/deployments/serve", null, "serve"),
            ("one", "accounts/local/models/one", "serve"),
            ("local/one", "accounts/local/models/one", "serve"),
            ("accounts/local/models/one", "accounts/local/models/one", "serve"),
            ("accounts/local/models/one#accounts/local/deployments/serve", "accounts/local/models/one", "serve"),
            ("accounts/local/models/two#serve", "accounts/local/models/two", "serve"),
            (record, "accounts/local/models/two", "serve"),
            ("accounts/local/models/one#accounts/local/deployments/merged", "accounts/local/models/one", "merged"),
            ("accounts/local/deployments/merged", "accounts/local/models/one", "merged"),
        ];
        foreach (var (model, addon, deployment) in forms)
        {
            await _server.Client.ChatAsync(HearthClient.Ask(model, "Hi"));
            var (socket, request) = _server.Gateway.Requests[^1];
            Assert.Equal((model, addon, await SocketAsync(deployment)), (model, request.Addon, socket));
            Assert.Equal(addon is null, request.AddonHash is null);
        }
        foreach (var model in new[] { "one#merged-not", "two#merged", "accounts/local/models/absent", "#", "a#b#c", "accounts//models/x", "accounts/local/datasets/rows" })
            Assert.Equal(404, (await Assert.ThrowsAsync<HearthApiException>(() => _server.Client.ChatAsync(HearthClient.Ask(model, "Hi")))).Status);
    }

    [Fact]
    public async Task N_gram_speculation_reaches_the_replica_which_starts_anew_when_it_changes()
    {
        var before = await _server.AssignmentOfAsync(Serve);
        Assert.Equal(0, before.Replica!.NgramSpeculationLength);
        var (status, body) = await _server.SendAsync(HttpMethod.Patch, $"/v1/{Serve}", """{"ngramSpeculationLength":8}""");
        Assert.Equal((200, 8), (status, body.GetProperty("ngramSpeculationLength").GetInt32()));
        var after = await _server.AssignmentOfAsync(Serve);
        Assert.Equal(8, after.Replica!.NgramSpeculationLength);
        Assert.True(after.Epoch > before.Epoch);
    }

    [Theory]
    [InlineData("", """{"baseModel":"tiny","ngramSpeculationLength":65}""", 400, "ngramSpeculationLength 65 must be from 0 (off) to 64")]
    [InlineData("", """{"baseModel":"tiny","draftModel":"tiny"}""", 501, "draftModel")]
    [InlineData("", """{"baseModel":"tiny","draftTokenCount":4}""", 501, "draftTokenCount")]
    [InlineData("?disableSpeculativeDecoding=true", """{"baseModel":"tiny","ngramSpeculationLength":4}""", 400, "disableSpeculativeDecoding")]
    public async Task Speculation_that_is_not_there_is_refused_by_name(string query, string deployment, int expected, string message)
    {
        var (status, body) = await _server.PostAsync($"/v1/accounts/local/deployments{query}", deployment);
        Assert.Equal(expected, status);
        Assert.Contains(message, body.ToString());
    }

    [Fact]
    public async Task An_addon_is_deployed_when_a_replica_holds_it_and_gone_at_once_when_unloaded()
    {
        await _server.ServeAsync(Serve);
        var before = (await _server.AssignmentOfAsync(Serve)).Epoch;
        var addon = await _server.Client.LoadAddonAsync("one", "serve");
        var assignment = await _server.AssignmentOfAsync(Serve);
        Assert.True(assignment.Epoch > before);
        Assert.Equal("accounts/local/models/one", Assert.Single(assignment.Replica!.Addons).ModelName);
        Assert.Equal(503, (await Assert.ThrowsAsync<HearthApiException>(() => _server.Client.ChatAsync(HearthClient.Ask("one", "Hi")))).Status);
        await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi")); // the old replica serves on meanwhile
        Assert.False(await _server.Reports.ReplicaReadyAsync(Serve, before, "/run/old.sock", [], default));
        await _server.ServeAsync(Serve);
        await _server.Client.ChatAsync(HearthClient.Ask("one", "Hi"));
        Assert.Equal(addon.Name, Assert.Single((await _server.Client.GetModelAsync("one")).DeployedModelRefs).Name);

        await _server.Client.UnloadAddonAsync(addon.Name);
        Assert.Equal(404, (await Assert.ThrowsAsync<HearthApiException>(() => _server.Client.ChatAsync(HearthClient.Ask("one", "Hi")))).Status);
        Assert.Empty((await _server.AssignmentOfAsync(Serve)).Replica!.Addons);
    }

    [Theory]
    [InlineData("""{"model":"one"}""", 501, "without a deployment")]
    [InlineData("""{"model":"tiny","deployment":"serve"}""", 400, "is not an adapter")]
    [InlineData("""{"model":"one","deployment":"plain"}""", 400, "does not take addons")]
    [InlineData("""{"model":"absent","deployment":"serve"}""", 404, "not found")]
    [InlineData("""{"model":"one","deployment":"absent"}""", 404, "accounts/local/deployments/absent not found")]
    [InlineData("""{"deployment":"serve"}""", 400, "model is required")]
    public async Task An_addon_that_does_not_fit_is_refused(string json, int status, string message)
    {
        await _server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny" }, "plain");
        var (actual, body) = await _server.PostAsync("/v1/accounts/local/deployedModels", json);
        Assert.Equal(status, actual);
        Assert.Contains(message, body.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_replica_that_never_comes_up_fails_the_deployment_after_three_starts()
    {
        var epoch = (await _server.AssignmentOfAsync(Serve)).Epoch;
        for (var start = 1; start <= 3; start++)
        {
            Assert.Equal(DeploymentState.CREATING, (await _server.Client.GetDeploymentAsync("serve")).State);
            Assert.True(await _server.Reports.ReplicaExitedAsync(Serve, epoch, "The model has no tokenizer.json.", default));
        }
        var failed = await _server.Client.GetDeploymentAsync("serve");
        Assert.Equal((DeploymentState.FAILED, "The model has no tokenizer.json."), (failed.State, failed.Status!.Message));
        Assert.False(await _server.Reports.ReplicaReadyAsync(Serve, epoch, "s", [], default));
        Assert.Empty(await _server.Assignments.ListAsync(default));
    }

    [Fact]
    public async Task A_replica_that_dies_makes_requests_wait_until_it_is_back()
    {
        await _server.ServeAsync(Serve);
        var epoch = (await _server.AssignmentOfAsync(Serve)).Epoch;
        Assert.True(await _server.Reports.ReplicaExitedAsync(Serve, epoch, "killed", default));
        Assert.Equal(DeploymentState.UPDATING, (await _server.Client.GetDeploymentAsync("serve")).State);
        var refused = await Assert.ThrowsAsync<HearthApiException>(() => _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi")));
        Assert.Equal((503, "DEPLOYMENT_SCALING_UP"), (refused.Status, refused.Code));
        await _server.ServeAsync(Serve);
        await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
    }

    [Fact]
    public async Task A_request_wakes_a_deployment_that_was_scaled_to_zero()
    {
        await _server.ServeAsync(Serve);
        var (status, _) = await _server.SendAsync(HttpMethod.Patch, $"/v1/{Serve}:scale", """{"replicaCount":0}""");
        Assert.Equal(200, status);
        Assert.Empty(await _server.Assignments.ListAsync(default));
        Assert.Equal(503, (await Assert.ThrowsAsync<HearthApiException>(() => _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi")))).Status);
        await _server.ServeAsync(Serve);
        await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
    }

    [Fact]
    public async Task A_deleted_deployment_is_absent_at_once_and_can_be_restored()
    {
        await _server.ServeAsync(Serve);
        await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
        var used = await Assert.ThrowsAsync<HearthApiException>(() => _server.Client.DeleteDeploymentAsync("serve"));
        Assert.Contains("ignoreChecks", used.Message);
        await _server.Client.DeleteDeploymentAsync("serve", ignoreChecks: true);
        Assert.Equal(404, (await Assert.ThrowsAsync<HearthApiException>(() => _server.Client.GetDeploymentAsync("serve"))).Status);
        Assert.Equal(404, (await Assert.ThrowsAsync<HearthApiException>(() => _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi")))).Status);
        Assert.Equal(0, (await _server.GetAsync("/v1/accounts/local/deployments")).Body.GetProperty("totalSize").GetInt32());
        var deleted = (await _server.GetAsync("/v1/accounts/local/deployments?showDeleted=true")).Body.GetProperty("deployments")[0];
        Assert.Equal("DELETED", deleted.GetProperty("state").GetString());
        Assert.Equal(409, (await _server.PostAsync("/v1/accounts/local/deployments?deploymentId=serve", """{"baseModel":"tiny"}""")).Status);

        var (status, restored) = await _server.PostAsync($"/v1/{Serve}:undelete", "{}");
        Assert.True(status == 200, restored.ToString());
        await _server.ServeAsync(Serve);
        await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
        Assert.Equal(200, (await _server.SendAsync(HttpMethod.Delete, $"/v1/{Serve}?hard=true&ignoreChecks=true")).Status);
        Assert.Equal(200, (await _server.PostAsync("/v1/accounts/local/deployments?deploymentId=serve", """{"baseModel":"tiny"}""")).Status);
    }

    [Fact]
    public async Task Validate_only_changes_nothing()
    {
        Assert.Equal(200, (await _server.PostAsync("/v1/accounts/local/deployments?deploymentId=dry&validateOnly=true", """{"baseModel":"tiny"}""")).Status);
        Assert.Equal(404, (await _server.GetAsync("/v1/accounts/local/deployments/dry")).Status);
        Assert.Equal(404, (await _server.PostAsync("/v1/accounts/local/deployments?validateOnly=true", """{"baseModel":"absent"}""")).Status);
    }

    [Theory]
    [InlineData("""{"autoscalingPolicy":{"scaleUpWindow":"3601s","scaleDownWindow":"2h","scaleToZeroWindow":"60s"}}""", "scaleDownWindow '2h' is no duration")]
    [InlineData("""{"autoscalingPolicy":{"scaleUpWindow":"3601s","scaleToZeroWindow":"60s"}}""", "scaleUpWindow must be at most 3600s. autoscalingPolicy.scaleToZeroWindow must be at least 300s.")]
    [InlineData("""{"autoscalingPolicy":{"loadTargets":{"default":1.5,"cpu":1}}}""", "default must be more than 0 and at most 1. autoscalingPolicy.loadTargets.cpu is unknown")]
    [InlineData("""{"minReplicaCount":3,"maxReplicaCount":2}""", "minReplicaCount 3 is more than maxReplicaCount 2")]
    [InlineData("""{"enableAddons":true,"enableHotReloadLatestAddon":true}""", "cannot be combined with enableAddons")]
    [InlineData("""{"directRouteType":"INTERNET"}""", "Direct routes")]
    public async Task A_policy_that_cannot_be_is_refused(string json, string message)
    {
        var (status, body) = await _server.PostAsync("/v1/accounts/local/deployments", json.Insert(1, "\"baseModel\":\"tiny\","));
        Assert.True(status is 400 or 501);
        Assert.Contains(message, body.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("""{"placement":{"region":"EU_PARIS_1"}}""", 400, "placement cannot change")]
    [InlineData("""{"preemptible":true}""", 400, "preemptible cannot change")]
    [InlineData("""{"baseModel":"one"}""", 400, "baseModel cannot change")]
    [InlineData("""{"baseModel":"tiny","description":"x","annotations":{"team":"a"},"autoscalingPolicy":{"scaleToZeroWindow":"300s"},"maxReplicaCount":3}""", 200, "\"team\":\"a\"")]
    public async Task A_patch_changes_what_may_change(string json, int expected, string answer)
    {
        var (status, body) = await _server.SendAsync(HttpMethod.Patch, $"/v1/{Serve}", json);
        Assert.True(expected == status, body.ToString());
        Assert.Contains(answer, body.GetRawText().Replace(" ", "").Replace("placementcannotchange", "placement cannot change").Replace("preemptiblecannotchange", "preemptible cannot change").Replace("baseModelcannotchange", "baseModel cannot change"));
    }

    [Fact]
    public async Task A_hot_reloading_deployment_holds_the_latest_adapter_and_serves_it_under_its_own_name()
    {
        const string hot = "accounts/local/deployments/hot";
        await _server.PostAsync("/v1/accounts/local/deployments?deploymentId=hot", """{"baseModel":"tiny","enableHotReloadLatestAddon":true}""");
        await _server.ServeAsync(hot);
        Assert.Equal(200, (await LoadHotAsync("one", replace: true)).Status);
        await _server.ServeAsync(hot);
        await _server.Client.ChatAsync(HearthClient.Ask(hot, "Hi"));
        Assert.Equal("accounts/local/models/one", _server.Gateway.Requests[^1].Request.Addon);
        var (status, body) = await LoadHotAsync("two", replace: false);
        Assert.Equal((400, true), (status, body.GetProperty("message").GetString()!.Contains("replaceMergedAddon=true")));
        Assert.Equal(200, (await LoadHotAsync("two", replace: true)).Status);
        await _server.ServeAsync(hot);
        await _server.Client.ChatAsync(HearthClient.Ask(hot, "Hi"));
        Assert.Equal("accounts/local/models/two", _server.Gateway.Requests[^1].Request.Addon);
        var records = (await _server.GetAsync("/v1/accounts/local/deployedModels")).Body.GetProperty("deployedModels").EnumerateArray().Where(record => record.GetProperty("deployment").GetString() == hot);
        Assert.Equal(["accounts/fireworks/models/tiny", "accounts/local/models/two"], records.Select(record => record.GetProperty("model").GetString()).Order());

        Task<(int Status, System.Text.Json.JsonElement Body)> LoadHotAsync(string model, bool replace) =>
            _server.PostAsync($"/v1/accounts/local/deployedModels?replaceMergedAddon={(replace ? "true" : "false")}", $$"""{"model":"{{model}}","deployment":"hot"}""");
    }

    [Fact]
    public async Task An_adapter_that_no_replica_can_load_is_refused_alone_and_the_rest_is_served_on()
    {
        await _server.ServeAsync(Serve);
        await LoadAsync("one");
        var record = (await _server.Client.LoadAddonAsync("two", "serve")).Name;
        var epoch = (await _server.AssignmentOfAsync(Serve)).Epoch;
        for (var start = 0; start < 3; start++) Assert.True(await _server.Reports.ReplicaExitedAsync(Serve, epoch, "its file was changed", default));
        var refused = (await _server.GetAsync($"/v1/{record}")).Body;
        Assert.Equal(("UNDEPLOYING", "FAILED_PRECONDITION"), (refused.GetProperty("state").GetString(), refused.GetProperty("status").GetProperty("code").GetString()));
        Assert.Contains("its file was changed", refused.GetProperty("status").GetProperty("message").GetString());
        Assert.Equal("accounts/local/models/one", Assert.Single((await _server.AssignmentOfAsync(Serve)).Replica!.Addons).ModelName);
        await _server.Client.ChatAsync(HearthClient.Ask("one", "Hi")); // the replica that holds it has served all the time
        Assert.Equal(412, (await Assert.ThrowsAsync<HearthApiException>(() => _server.Client.ChatAsync(HearthClient.Ask("two", "Hi")))).Status);
        await _server.ServeAsync(Serve);
        Assert.Equal(DeploymentState.READY, (await _server.Client.GetDeploymentAsync("serve")).State);
        await _server.Client.UnloadAddonAsync(record);
        Assert.Equal(404, (await Assert.ThrowsAsync<HearthApiException>(() => _server.Client.ChatAsync(HearthClient.Ask("two", "Hi")))).Status);
    }

    [Fact]
    public async Task The_default_goes_to_the_oldest_other_deployment_when_it_ends()
    {
        await _server.ServeAsync(Serve);
        await _server.Client.CreateDeploymentAsync(new() { BaseModel = "tiny" }, "second");
        await _server.ServeAsync("accounts/local/deployments/second");
        await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
        Assert.Equal(await SocketAsync("serve"), _server.Gateway.Requests[^1].Socket);
        await _server.Client.DeleteDeploymentAsync("serve", ignoreChecks: true);
        await _server.Client.ChatAsync(HearthClient.Ask("tiny", "Hi"));
        Assert.Equal(await SocketAsync("second"), _server.Gateway.Requests[^1].Socket);
    }

    private async Task<DeployedModel> LoadAsync(string model)
    {
        var addon = await _server.Client.LoadAddonAsync(model, "serve");
        await _server.ServeAsync(Serve);
        return addon;
    }

    private async Task<string> SocketAsync(string deployment) => (await _server.Store.ListEndpointsAsync($"accounts/local/deployments/{deployment}", default))[0].Socket;
}
