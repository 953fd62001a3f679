using Hearth.ControlPlane;
using Xunit;

namespace Hearth.TestKit;

/// <summary>What every store must do. A store's tests derive from this class; <see cref="InMemoryStore"/> is the model that sequences are compared with.</summary>
public abstract class StoreConformance : IAsyncLifetime
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    protected IStore Store { get; private set; } = null!;

    /// <summary>A new, empty store.</summary>
    protected abstract IStore Create();

    public ValueTask InitializeAsync()
    {
        Store = Create();
        return ValueTask.CompletedTask;
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_row_is_read_as_it_was_written()
    {
        await InsertAsync(Row("a"));
        var row = Row("d", parent: "datasets") with { References = [Name("a").Value, "blobs/x"], Json = """{"text":"Ünï ✓ \u0000"}""", State = "READY" };
        await Store.CommitAsync(new Change().Insert(row), default);
        Same(row with { Version = 1 }, await Store.GetAsync(row.Name.Value, default));
        Assert.Null(await Store.GetAsync("accounts/a/models/absent", default));
    }

    [Fact]
    public async Task A_taken_name_is_refused()
    {
        await InsertAsync(Row("a"));
        var taken = await Assert.ThrowsAsync<RowExistsException>(() => Store.CommitAsync(new Change().Insert(Row("a")), default).AsTask());
        Assert.Equal(Name("a").Value, taken.Name);
    }

    [Fact]
    public async Task A_stale_version_is_refused_and_nothing_of_the_change_stays()
    {
        await InsertAsync(Row("a"));
        var read = (await Store.GetAsync(Name("a").Value, default))!;
        await Store.CommitAsync(new Change().Update(read with { State = "NEW" }), default);
        var change = new Change().Insert(Row("b")).Update(read with { State = "LOST" }).Assign(new("accounts/a/models/b", "n", AssignmentKind.Trainer, 1, "{}"))
            .Meter(Usage("k")).Record(Audit("m")).Send(Entry());
        await Assert.ThrowsAsync<VersionConflictException>(() => Store.CommitAsync(change, default).AsTask());
        Assert.Equal("NEW", (await Store.GetAsync(Name("a").Value, default))!.State);
        Assert.Null(await Store.GetAsync(Name("b").Value, default));
        Assert.Equal(1, await Store.CountAsync("models", "accounts/a", false, default));
        Assert.Empty(await Store.ListAssignmentsAsync(null, default));
        Assert.Empty(await Store.ListUsageAsync("a", default));
        Assert.Empty(await Store.ListAuditAsync("a", 10, default));
        Assert.Empty(await Store.ListOutboxAsync(Start, 10, default));
    }

    [Fact]
    public async Task Of_many_writers_of_one_version_one_wins()
    {
        await InsertAsync(Row("a"));
        var read = (await Store.GetAsync(Name("a").Value, default))!;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(async () =>
        {
            try
            {
                await Store.CommitAsync(new Change().Update(read with { State = $"S{i}" }), default);
                return 1;
            }
            catch (VersionConflictException)
            {
                return 0;
            }
        })));
        Assert.Equal(1, outcomes.Sum());
        Assert.Equal(2, (await Store.GetAsync(Name("a").Value, default))!.Version);
    }

    [Fact]
    public async Task A_row_in_use_cannot_be_deleted()
    {
        await InsertAsync(Row("a"));
        await InsertAsync(Row("b") with { References = [Name("a").Value] });
        var (used, user) = ((await Store.GetAsync(Name("a").Value, default))!, (await Store.GetAsync(Name("b").Value, default))!);
        Assert.Equal(Name("b").Value, (await Assert.ThrowsAsync<RowInUseException>(() => Store.CommitAsync(new Change().Delete(used), default).AsTask())).User);
        await Assert.ThrowsAsync<RowInUseException>(() => Store.CommitAsync(new Change().Update(used with { Deleted = true }), default).AsTask());
        Assert.True(await Store.IsReferencedAsync(Name("a").Value, default));
        await Store.CommitAsync(new Change().Delete(used).Delete(user), default);
        Assert.Null(await Store.GetAsync(Name("a").Value, default));
        Assert.False(await Store.IsReferencedAsync(Name("a").Value, default));
    }

    [Fact]
    public async Task A_reference_to_an_absent_or_deleted_row_is_a_conflict()
    {
        var lost = Row("b") with { References = [Name("a").Value] };
        await Assert.ThrowsAsync<VersionConflictException>(() => Store.CommitAsync(new Change().Insert(lost), default).AsTask());
        await InsertAsync(Row("a") with { Deleted = true });
        await Assert.ThrowsAsync<VersionConflictException>(() => Store.CommitAsync(new Change().Insert(lost), default).AsTask());
        await Store.CommitAsync(new Change().Insert(Row("c")).Insert(Row("d") with { References = [Name("c").Value] }), default);
    }

    [Theory]
    [InlineData(ResourceOrder.Name, false)]
    [InlineData(ResourceOrder.Name, true)]
    [InlineData(ResourceOrder.CreateTime, false)]
    [InlineData(ResourceOrder.CreateTime, true)]
    public async Task Pages_together_are_the_whole_list_in_order(ResourceOrder order, bool descending)
    {
        for (var i = 0; i < 23; i++) await InsertAsync(Row($"r{i * 7 % 23:00}", minute: i / 3) with { Deleted = i % 5 == 0 });
        await InsertAsync(new ResourceRow(ResourceName.Of("other", "models", "r"), "", 0, Start, Start, "{}"));
        await InsertAsync(Row("r", parent: "datasets"));
        var query = new ResourceQuery("models", "accounts/a") { Order = order, Descending = descending, Limit = 4 };
        var paged = new List<string>();
        while (true)
        {
            var page = await Store.ListAsync(query, default);
            paged.AddRange(page.Select(row => row.Name.Id));
            if (page.Count < query.Limit) break;
            query = query with { After = new(page[^1].Name.Value, page[^1].CreateTime) };
        }
        var rows = Enumerable.Range(0, 23).Where(i => i % 5 != 0).Select(i => (Id: $"r{i * 7 % 23:00}", Minute: i / 3));
        var expected = order == ResourceOrder.Name ? rows.OrderBy(row => row.Id) : rows.OrderBy(row => row.Minute).ThenBy(row => row.Id);
        Assert.Equal(descending ? expected.Reverse().Select(row => row.Id) : expected.Select(row => row.Id), paged);
    }

    [Fact]
    public async Task Counters_follow_inserts_deletes_and_soft_deletes()
    {
        await InsertAsync(Row("a"));
        await InsertAsync(Row("b"));
        await Store.CommitAsync(new Change().Update((await Store.GetAsync(Name("a").Value, default))! with { Deleted = true }), default);
        Assert.Equal((1, 2), (await CountAsync(false), await CountAsync(true)));
        await Store.CommitAsync(new Change().Update((await Store.GetAsync(Name("a").Value, default))! with { Deleted = false }), default);
        Assert.Equal((2, 2), (await CountAsync(false), await CountAsync(true)));
        await Store.CommitAsync(new Change().Delete((await Store.GetAsync(Name("b").Value, default))!), default);
        Assert.Equal((1, 1), (await CountAsync(false), await CountAsync(true)));
    }

    [Fact]
    public async Task Epochs_only_rise()
    {
        var epochs = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => Store.NextEpochAsync(default).AsTask())));
        Assert.Equal(epochs.Length, epochs.Distinct().Count());
        Assert.True(await Store.NextEpochAsync(default) > epochs.Max());
    }

    [Fact]
    public async Task Usage_counts_once_a_key()
    {
        await Store.CommitAsync(new Change().Meter(Usage("k") with { PromptTokens = 3 }), default);
        await Store.CommitAsync(new Change().Meter(Usage("k") with { PromptTokens = 99 }).Meter(Usage("l") with { At = Start.AddHours(1) }), default);
        Assert.Equal([3, 0], (await Store.ListUsageAsync("a", default)).Select(entry => entry.PromptTokens));
        Assert.Equal(Start.AddHours(1), await Store.LastUsageAsync("accounts/a/deployments/d", default));
        Assert.Null(await Store.LastUsageAsync("accounts/a/deployments/other", default));
    }

    [Fact]
    public async Task A_key_is_found_by_its_hash_until_its_row_is_gone()
    {
        await Store.CommitAsync(new Change().Insert(Row("k")).AddKey(new([1, 2, 3], Name("k").Value)), default);
        Assert.Equal(Name("k").Value, await Store.FindKeyAsync([1, 2, 3], default));
        Assert.Null(await Store.FindKeyAsync([1, 2], default));
        await Store.CommitAsync(new Change().Delete((await Store.GetAsync(Name("k").Value, default))!), default);
        Assert.Null(await Store.FindKeyAsync([1, 2, 3], default));
    }

    [Fact]
    public async Task The_outbox_gives_what_is_due_until_it_is_delivered()
    {
        await Store.CommitAsync(new Change().Send(Entry()).Send(Entry() with { Due = Start.AddHours(1), Payload = "later" }), default);
        var due = Assert.Single(await Store.ListOutboxAsync(Start, 10, default));
        var postpone = new Change();
        postpone.Postponed.Add(due with { Attempts = 1, Due = Start.AddMinutes(1) });
        await Store.CommitAsync(postpone, default);
        Assert.Empty(await Store.ListOutboxAsync(Start, 10, default));
        Assert.Equal(["now", "later"], (await Store.ListOutboxAsync(Start.AddDays(1), 10, default)).Select(entry => entry.Payload));
        var deliver = new Change();
        deliver.Delivered.Add(due.Id);
        await Store.CommitAsync(deliver, default);
        Assert.Equal("later", Assert.Single(await Store.ListOutboxAsync(Start.AddDays(1), 10, default)).Payload);
    }

    [Fact]
    public async Task Assignments_and_endpoints_have_one_row_each()
    {
        await Store.CommitAsync(new Change().Assign(new("r2", "n", AssignmentKind.Replica, 1, "{}")).Assign(new("r1", "m", AssignmentKind.Trainer, 2, "{}")), default);
        await Store.CommitAsync(new Change().Assign(new("r2", "n", AssignmentKind.Replica, 3, "{1}")).SetEndpoint(new("d", 0, "n", 1, "s", ["h"])), default);
        Assert.Equal([("r1", 2), ("r2", 3)], (await Store.ListAssignmentsAsync(null, default)).Select(row => (row.Resource, row.Epoch)));
        Assert.Equal("r2", Assert.Single(await Store.ListAssignmentsAsync("n", default)).Resource);
        await Store.CommitAsync(new Change().SetEndpoint(new("d", 0, "n", 2, "t", ["h", "i"])), default);
        var endpoint = Assert.Single(await Store.ListEndpointsAsync("d", default));
        Assert.Equal((2L, "t", 2), (endpoint.Epoch, endpoint.Socket, endpoint.AddonHashes.Count));
        await Store.CommitAsync(new Change().EndEndpoints("d").Unassign("r1"), default);
        Assert.Empty(await Store.ListEndpointsAsync("d", default));
        Assert.Equal("r2", Assert.Single(await Store.ListAssignmentsAsync(null, default)).Resource);
    }

    [Fact]
    public async Task Audit_entries_come_newest_first_and_by_account()
    {
        foreach (var method in new[] { "one", "two", "three" }) await Store.CommitAsync(new Change().Record(Audit(method)), default);
        await Store.CommitAsync(new Change().Record(Audit("foreign") with { Account = "b" }), default);
        Assert.Equal(["three", "two"], (await Store.ListAuditAsync("a", 2, default)).Select(entry => entry.Method));
    }

    [Fact]
    public async Task Committed_changes_are_announced()
    {
        var announced = new List<Change>();
        Store.Committed += announced.Add;
        var change = new Change().Insert(Row("a"));
        await Store.CommitAsync(change, default);
        await Assert.ThrowsAsync<RowExistsException>(() => Store.CommitAsync(new Change().Insert(Row("a")), default).AsTask());
        Assert.Same(change, Assert.Single(announced));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Generated_sequences_leave_what_the_model_says(ulong seed)
    {
        await using var model = new InMemoryStore();
        var dice = new Dice(seed);
        for (var step = 0; step < 200; step++)
        {
            var changes = await GenerateAsync(model, dice, step);
            Assert.Equal(await OutcomeAsync(model, changes), await OutcomeAsync(Store, changes));
        }
        foreach (var includeDeleted in new[] { false, true })
        {
            var query = new ResourceQuery("models", "accounts/a") { IncludeDeleted = includeDeleted };
            var (expected, actual) = (await model.ListAsync(query, default), await Store.ListAsync(query, default));
            Assert.Equal(expected.Count, actual.Count);
            foreach (var (wanted, found) in expected.Zip(actual)) Same(wanted, found);
            Assert.Equal(await model.CountAsync("models", "accounts/a", includeDeleted, default), await Store.CountAsync("models", "accounts/a", includeDeleted, default));
        }
    }

    private static async Task<Change> GenerateAsync(IStore model, Dice dice, int step)
    {
        var change = new Change();
        for (var part = 0; part <= dice.Next(3); part++)
        {
            var name = Name($"m{dice.Next(12)}");
            var known = await model.GetAsync(name.Value, default);
            var references = dice.Next(3) == 0 ? new[] { Name($"m{dice.Next(12)}").Value } : [];
            if (change.Inserts.Concat(change.Updates).Concat(change.Deletes).Any(row => row.Name == name)) continue;
            if (known is null || dice.Next(8) == 0) change.Insert(Row(name.Id, minute: step) with { References = references });
            else if (dice.Next(3) == 0) change.Delete(known with { Version = known.Version - (dice.Next(6) == 0 ? 1 : 0) });
            else change.Update(known with { State = $"S{step}", References = references, Deleted = dice.Next(4) == 0, Version = known.Version + (dice.Next(6) == 0 ? 1 : 0) });
        }
        return change;
    }

    private static async Task<string> OutcomeAsync(IStore store, Change change)
    {
        try
        {
            await store.CommitAsync(change, default);
            return "committed";
        }
        catch (Exception refusal) when (refusal is VersionConflictException or RowExistsException or RowInUseException)
        {
            return refusal.GetType().Name;
        }
    }

    private ValueTask InsertAsync(ResourceRow row) => Store.CommitAsync(new Change().Insert(row), default);

    private ValueTask<long> CountAsync(bool includeDeleted) => Store.CountAsync("models", "accounts/a", includeDeleted, default);

    private static ResourceName Name(string id) => ResourceName.Of("a", "models", id);

    private static ResourceRow Row(string id, int minute = 0, string parent = "models") =>
        new(ResourceName.Of("a", parent, id), "", 0, Start.AddMinutes(minute), Start.AddMinutes(minute), "{}");

    private static UsageEntry Usage(string key) => new(key, "a", "chat", "accounts/a/deployments/d", "m", Start);

    private static AuditEntry Audit(string method) => new("a", Start, "p", "k", method, "r");

    private static OutboxEntry Entry() => new(0, "r", "kind", "now", 0, Start);

    private static void Same(ResourceRow expected, ResourceRow? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected with { References = [] }, actual with { References = [] });
        Assert.Equal(expected.References, actual.References);
    }

    /// <summary>A small generator of its own, so that a seed means the same everywhere (SplitMix64).</summary>
    private sealed class Dice(ulong seed)
    {
        private ulong _state = seed;

        public int Next(int sides)
        {
            _state += 0x9E3779B97F4A7C15;
            var mixed = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            return (int)((mixed ^ (mixed >> 31)) % (ulong)sides);
        }
    }
}
