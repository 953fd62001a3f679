using Hearth.ControlPlane;
using Xunit;

namespace Hearth.TestKit;

/// <summary>What every store must do. A store's tests derive from this class; <see cref="InMemoryStore"/> is the model that sequences are compared with.</summary>
public abstract class StoreConformance : IAsyncLifetime
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    protected IStore Store { get; private set; } = null!;

    protected SetClock Clock { get; } = new();

    /// <summary>A new, empty store with that clock, each time it is called.</summary>
    protected abstract IStore Create(TimeProvider clock);

    public ValueTask InitializeAsync()
    {
        Store = Create(Clock);
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
        Assert.Empty(await Store.ListUsageAsync(new UsageQuery("a"), default));
        Assert.Empty(await Store.ListAuditAsync(new AuditQuery("a"), default));
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
        Assert.Equal([3, 0], (await Store.ListUsageAsync(new UsageQuery("a"), default)).Select(entry => entry.PromptTokens));
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
        Assert.Equal(["three", "two"], (await Store.ListAuditAsync(new AuditQuery("a") { Limit = 2 }, default)).Select(entry => entry.Method));
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

    [Fact]
    public async Task Rows_that_refer_to_a_row_are_listed_by_kind()
    {
        await Store.CommitAsync(new Change().Insert(Row("a")).Insert(Row("c") with { References = [Name("a").Value] }).Insert(Row("b") with { References = [Name("a").Value, "blobs/x"] })
            .Insert(Row("d", parent: "datasets") with { References = [Name("a").Value] }), default);
        Assert.Equal(["b", "c"], (await Store.ListReferrersAsync(Name("a").Value, "models", default)).Select(row => row.Name.Id));
        Assert.Equal(["d"], (await Store.ListReferrersAsync(Name("a").Value, "datasets", default)).Select(row => row.Name.Id));
        Assert.Equal(["b"], (await Store.ListReferrersAsync("blobs/x", "models", default)).Select(row => row.Name.Id));
    }

    [Fact]
    public async Task A_due_row_is_claimed_once_and_comes_back_when_the_claim_ends()
    {
        await Store.CommitAsync(new Change().Schedule(new(Start, "r", "expire")).Schedule(new(Start.AddHours(1), "r", "wake")), default);
        var due = Assert.Single(await Store.ListDueAsync(Start, 10, default));
        await Store.CommitAsync(new Change().Claim(due, Start.AddMinutes(1)), default);
        await Assert.ThrowsAsync<VersionConflictException>(() => Store.CommitAsync(new Change().Claim(due, Start.AddMinutes(2)), default).AsTask());
        Assert.Empty(await Store.ListDueAsync(Start, 10, default));
        var again = Assert.Single(await Store.ListDueAsync(Start.AddMinutes(1), 10, default));
        Assert.Equal(due with { Next = Start.AddMinutes(1), Attempts = 1 }, again);
        var done = new Change();
        done.Handled.Add(again);
        await Store.CommitAsync(done, default);
        Assert.Equal("wake", Assert.Single(await Store.ListDueAsync(Start.AddDays(1), 10, default)).Kind);
    }

    [Fact]
    public async Task A_due_row_that_was_scheduled_anew_outlives_its_handling()
    {
        await Store.CommitAsync(new Change().Schedule(new(Start, "r", "expire")), default);
        var due = Assert.Single(await Store.ListDueAsync(Start, 10, default));
        await Store.CommitAsync(new Change().Schedule(new(Start.AddHours(1), "r", "expire")), default);
        var done = new Change();
        done.Handled.Add(due);
        await Store.CommitAsync(done, default);
        Assert.Equal(Start.AddHours(1), Assert.Single(await Store.ListDueAsync(Start.AddDays(1), 10, default)).At);
        await Store.CommitAsync(new Change().Unschedule("r", "expire"), default);
        Assert.Empty(await Store.ListDueAsync(Start.AddDays(1), 10, default));
    }

    [Fact]
    public async Task Due_rows_end_with_their_resource()
    {
        await Store.CommitAsync(new Change().Insert(Row("a")).Schedule(new(Start, Name("a").Value, "expire")), default);
        await Store.CommitAsync(new Change().Delete((await Store.GetAsync(Name("a").Value, default))!), default);
        Assert.Empty(await Store.ListDueAsync(Start, 10, default));
    }

    [Fact]
    public async Task A_postponed_entry_holds_back_the_later_ones_of_its_resource_until_it_is_dead()
    {
        await Store.CommitAsync(new Change().Send(Entry() with { Payload = "one" }).Send(Entry() with { Payload = "two" }).Send(Entry() with { Resource = "s", Payload = "three" }), default);
        var first = (await Store.ListOutboxAsync(Start, 10, default))[0];
        await SettleAsync(first with { Attempts = 1, Due = Start.AddMinutes(1), Error = "refused" });
        Assert.Equal(["three"], (await Store.ListOutboxAsync(Start, 10, default)).Select(entry => entry.Payload));
        await SettleAsync(first with { Attempts = 2, Due = Start.AddMinutes(1), Error = "refused again", Dead = true });
        Assert.Equal(["two", "three"], (await Store.ListOutboxAsync(Start.AddDays(1), 10, default)).Select(entry => entry.Payload));
        var dead = Assert.Single(await Store.ListDeadOutboxAsync(0, 10, default));
        Assert.Equal((first.Id, 2, "refused again"), (dead.Id, dead.Attempts, dead.Error));
        Assert.Empty(await Store.ListDeadOutboxAsync(dead.Id, 10, default));
    }

    [Fact]
    public async Task A_lease_has_one_holder_until_it_expires_and_its_epoch_rises()
    {
        var thirty = TimeSpan.FromSeconds(30);
        var first = (await Store.TakeLeaseAsync("x", "a", thirty, default))!;
        Assert.Null(await Store.TakeLeaseAsync("x", "b", thirty, default));
        Clock.Now += TimeSpan.FromSeconds(20);
        var renewed = (await Store.RenewLeaseAsync(first, thirty, default))!;
        Assert.Equal((first.Epoch, Clock.Now + thirty), (renewed.Epoch, renewed.Expires));
        Clock.Now += thirty;
        Assert.Null(await Store.RenewLeaseAsync(renewed, thirty, default));
        var second = (await Store.TakeLeaseAsync("x", "b", thirty, default))!;
        Assert.True(second.Epoch > first.Epoch);
        Assert.Null(await Store.RenewLeaseAsync(renewed, thirty, default));
        await Store.ReleaseLeaseAsync(renewed, default); // no longer the holder's: nothing happens
        Assert.Null(await Store.TakeLeaseAsync("x", "a", thirty, default));
        await Store.ReleaseLeaseAsync(second, default);
        Assert.True((await Store.TakeLeaseAsync("x", "a", thirty, default))!.Epoch > second.Epoch);
    }

    [Fact]
    public async Task Of_many_takers_of_a_lease_one_gets_it()
    {
        var taken = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(async () => await Store.TakeLeaseAsync("x", $"holder{i}", TimeSpan.FromMinutes(1), default))));
        Assert.Single(taken, lease => lease is not null);
    }

    [Fact]
    public async Task Audit_entries_are_paged_by_id_within_a_time_range()
    {
        for (var minute = 0; minute < 9; minute++) await Store.CommitAsync(new Change().Record(Audit($"m{minute}") with { At = Start.AddMinutes(minute) }), default);
        var query = new AuditQuery("a") { From = Start.AddMinutes(2), To = Start.AddMinutes(7), Limit = 3 };
        var page = await Store.ListAuditAsync(query, default);
        Assert.Equal(["m6", "m5", "m4"], page.Select(entry => entry.Method));
        Assert.Equal(["m3", "m2"], (await Store.ListAuditAsync(query with { BeforeId = page[^1].Id }, default)).Select(entry => entry.Method));
    }

    [Fact]
    public async Task Usage_is_summed_by_time_and_the_asked_fields()
    {
        await Store.CommitAsync(new Change()
            .Meter(Usage("k1") with { At = Start.AddHours(1), PromptTokens = 1, User = "u", KeyId = "k", DurationMilliseconds = 1000, Accelerators = 2 })
            .Meter(Usage("k2") with { At = Start.AddHours(2), PromptTokens = 2, User = "v", KeyId = "k", DurationMilliseconds = 10, Accelerators = 1, Rows = 5 })
            .Meter(Usage("k3") with { At = Start.AddHours(25), PromptTokens = 4, User = "u" })
            .Meter(Usage("k4") with { At = Start.AddHours(49), PromptTokens = 8 })
            .Meter(Usage("k5") with { At = Start, PromptTokens = 16, Account = "b" }), default);
        var query = new UsageQuery("a") { From = Start, To = Start.AddDays(2) };
        var byUser = await Store.SumUsageAsync(query, TimeSpan.FromDays(1), UsageFields.User, default);
        Assert.Equal([(Start, "u", 1L), (Start, "v", 2L), (Start.AddDays(1), "u", 4L)], byUser.Select(sum => (sum.Start, sum.User, sum.PromptTokens)));
        var daily = await Store.SumUsageAsync(query, TimeSpan.FromDays(1), UsageFields.None, default);
        Assert.Equal(new UsageSum(Start, "", "", "", "", "") { Entries = 2, PromptTokens = 3, DurationMilliseconds = 1010, AcceleratorMilliseconds = 2010, Rows = 5 }, daily[0]);
        Assert.Equal(["k1", "k2", "k3"], (await Store.ListUsageAsync(query, default)).Select(entry => entry.Key));
        Assert.Empty(await Store.ListUsageAsync(query with { Kind = "batch" }, default));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public Task Generated_sequences_answer_as_the_model_does(ulong seed) => StoreSequence.CheckAsync(new StoreSteps(seed).Take(400), Create);

    private async Task SettleAsync(OutboxEntry entry)
    {
        var change = new Change();
        change.Postponed.Add(entry);
        await Store.CommitAsync(change, default);
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
}
