using Hearth.TestKit;
using Xunit;

namespace Hearth.ControlPlane.Tests;

/// <summary>The tables of states, tried pair by pair through the place that keeps them.</summary>
public sealed class TransitionTests
{
    public static TheoryData<string> Kinds =>
    [
        ResourceKind.SupervisedFineTuningJobs, ResourceKind.DpoJobs, ResourceKind.ReinforcementFineTuningJobs, ResourceKind.RlorTrainerJobs,
        ResourceKind.BatchInferenceJobs, ResourceKind.EvaluationJobs, ResourceKind.Deployments,
    ];

    private readonly InMemoryStore _store = new();
    private readonly ResourceStore _resources;

    public TransitionTests() => _resources = new(_store, new ResourceMailbox(TimeProvider.System), TimeProvider.System);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Every_illegal_transition_is_refused_and_every_legal_one_done(string kind)
    {
        var table = StateMachine.Of(kind)!;
        var pairs = (from before in table.States from after in table.States select (before, after)).ToList();
        Assert.Contains(pairs, pair => !table.CanFollow(pair.before, pair.after));
        foreach (var (before, after) in pairs)
        {
            var name = ResourceName.Of("a", kind, $"r{pairs.IndexOf((before, after))}");
            await _store.CommitAsync(new Change().Insert(Row(name, before)), default);
            var step = _resources.StepAsync(name, async (change, cancel) =>
            {
                change.Update((await _store.GetAsync(name.Value, cancel))! with { State = after });
                return true;
            }, default);
            if (table.CanFollow(before, after)) Assert.True(await step);
            else Assert.Contains($"is {before}; it cannot become {after}", (await Assert.ThrowsAsync<HearthException>(step.AsTask)).Message);
            Assert.Equal(table.CanFollow(before, after) ? after : before, (await _store.GetAsync(name.Value, default))!.State);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_resource_begins_only_where_its_table_says(string kind)
    {
        var table = StateMachine.Of(kind)!;
        foreach (var state in table.States)
        {
            var create = _resources.CreateAsync<object>(Caller.System, Row(ResourceName.Of("a", kind, $"r{state.ToLowerInvariant()}"), state), default);
            if (table.CanBegin(state)) await create;
            else await Assert.ThrowsAsync<HearthException>(create.AsTask);
        }
    }

    [Fact]
    public void What_has_ended_well_stays_ended()
    {
        foreach (var final in new[] { JobStates.Completed, JobStates.EarlyStopped, JobStates.Cancelled, JobStates.Expired })
            Assert.DoesNotContain(JobTransitions.Table.States, state => state != final && JobTransitions.Table.CanFollow(final, state));
    }

    [Fact]
    public void A_table_names_every_state_it_leads_to() => Assert.Throws<ArgumentException>(() => new StateMachine(["A"], ("A", ["B"])));

    private static ResourceRow Row(ResourceName name, string state) => new(name, state, 0, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, "{}");
}
