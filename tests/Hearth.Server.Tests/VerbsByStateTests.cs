using System.Text.Json.Nodes;
using Hearth.ControlPlane;
using Xunit;

namespace Hearth.Server.Tests;

/// <summary>Every verb on every kind of job and on deployments, from every state: it does what its line says, or is refused and changes nothing.</summary>
public sealed class VerbsByStateTests
{
    /// <summary>States from which a verb is done, and the one that it leads to; from all others it is refused with FAILED_PRECONDITION.</summary>
    private static readonly (string Verb, string[] From, string[] To)[] JobVerbs =
    [
        (":cancel", [JobStates.Pending, JobStates.Running, JobStates.ReQueueing, JobStates.Paused], [JobStates.Cancelled]),
        (":pause", [JobStates.Pending, JobStates.Running, JobStates.ReQueueing], [JobStates.Paused]),
        (":resume", [JobStates.Failed, JobStates.Paused], [JobStates.Pending, JobStates.Failed]), // FAILED again where this server has no trainer
    ];

    public static TheoryData<string, string> JobsAndVerbs => new(
        from kind in new[] { ResourceKind.SupervisedFineTuningJobs, ResourceKind.DpoJobs, ResourceKind.ReinforcementFineTuningJobs, ResourceKind.RlorTrainerJobs }
        from verb in JobVerbs
        select (kind, verb.Verb));

    [Theory]
    [MemberData(nameof(JobsAndVerbs))]
    public async Task A_jobs_verb_is_done_or_refused_by_its_state(string kind, string verb)
    {
        await using var stage = await Stage.SetAsync(Needs.Rows | Needs.Rewards);
        var (_, from, to) = JobVerbs.Single(line => line.Verb == verb);
        foreach (var state in JobTransitions.Table.States)
        {
            var id = "job-" + state.ToLowerInvariant().Replace("job_state_", "").Replace('_', '-');
            await CreateAsync(stage, kind, id);
            await stage.Server.ForceStateAsync($"accounts/local/{kind}/{id}", state);
            var prefix = verb == ":pause" ? "/hearth" : "";
            await CheckAsync(stage.Server, HttpMethod.Post, $"{prefix}/v1/accounts/local/{kind}/{id}{verb}", $"accounts/local/{kind}/{id}", from.Contains(state) ? to : null);
        }
    }

    [Fact]
    public async Task Only_a_deleted_deployment_is_undeleted_and_it_takes_no_other_verb()
    {
        await using var stage = await Stage.SetAsync(Needs.Nothing);
        foreach (var state in DeploymentTransitions.Table.States.Where(state => state != DeploymentStates.Deleted))
        {
            var name = $"accounts/local/deployments/{state.ToLowerInvariant()}";
            await stage.Server.PostAsync($"/v1/accounts/local/deployments?deploymentId={state.ToLowerInvariant()}", $$"""{"baseModel":"{{TestServer.Base}}"}""");
            await stage.Server.ForceStateAsync(name, state);
            await CheckAsync(stage.Server, HttpMethod.Post, $"/v1/{name}:undelete", name, null);
            Assert.Equal(200, (await stage.Server.SendAsync(HttpMethod.Delete, $"/v1/{name}?ignoreChecks=true")).Status);
            foreach (var (method, address, body) in new[] { ("GET", name, null), ("DELETE", name, null), ("PATCH", name, "{}"), ("PATCH", $"{name}:scale", """{"replicaCount":1}""") })
                Assert.Equal(404, (await stage.Server.SendAsync(new(method), $"/v1/{address}", body)).Status);
            await CheckAsync(stage.Server, HttpMethod.Post, $"/v1/{name}:undelete", name, [DeploymentStates.Creating, DeploymentStates.Ready]);
        }
    }

    /// <param name="to">States that the verb may lead to; null: it must be refused.</param>
    private static async Task CheckAsync(TestServer server, HttpMethod method, string address, string name, string[]? to)
    {
        var before = (await server.Store.GetAsync(name, default))!;
        var (status, body) = await server.SendAsync(method, address, "{}");
        var after = (await server.Store.GetAsync(name, default))!;
        if (to is not null)
        {
            Assert.True(status == 200, $"{address} of a {before.State} one: {status} {body}");
            Assert.Contains(after.State, to);
            return;
        }
        Assert.True(status == 400 && body.GetProperty("code").GetInt32() == (int)ErrorCode.FailedPrecondition, $"{address} of a {before.State} one: {status} {body}");
        Assert.Equal(before, after with { References = before.References });
    }

    private static async Task CreateAsync(Stage stage, string kind, string id)
    {
        var body = new JsonObject { ["dataset"] = kind switch { ResourceKind.DpoJobs => stage.Pairs, ResourceKind.ReinforcementFineTuningJobs => stage.Prompts, ResourceKind.RlorTrainerJobs => stage.Samples, _ => stage.Rows } };
        if (kind == ResourceKind.SupervisedFineTuningJobs) body["baseModel"] = TestServer.Base;
        else body["trainingConfig"] = new JsonObject { ["baseModel"] = TestServer.Base };
        if (kind == ResourceKind.ReinforcementFineTuningJobs) body["evaluator"] = stage.Evaluator;
        var (status, answer) = await stage.Server.PostAsync($"/v1/accounts/local/{kind}?{CollectionTable.Of(kind).IdField}={id}", body.ToJsonString());
        Assert.True(status == 200, answer.ToString());
    }
}
