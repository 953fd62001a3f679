using Hearth.ControlPlane;
using Hearth.TestKit;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Hearth.Storage.Sqlite.Tests;

/// <summary>The storage port's rules, on SQLite.</summary>
public sealed class SqliteConformanceTests : StoreConformance
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hearth-store-");

    private int _count;

    protected override IStore Create(TimeProvider clock) => SqliteStore.Open(Path.Combine(_folder.FullName, $"hearth{_count++}.db"), clock);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}

public sealed class SqliteStoreTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hearth-store-");

    private string File => Path.Combine(_folder.FullName, "hearth.db");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task What_was_acknowledged_is_there_after_reopening()
    {
        long epoch;
        await using (var store = SqliteStore.Open(File))
        {
            await store.CommitAsync(new Change().Insert(Row("a")).Assign(new("r", "n", AssignmentKind.Trainer, 1, "{}")), default);
            epoch = await store.NextEpochAsync(default);
        }
        await using var reopened = SqliteStore.Open(File);
        Assert.Equal(1, (await reopened.GetAsync("accounts/a/models/a", default))!.Version);
        Assert.Single(await reopened.ListAssignmentsAsync("n", default));
        Assert.True(await reopened.NextEpochAsync(default) > epoch);
    }

    [Fact]
    public async Task A_newer_schema_refuses_to_open()
    {
        await (SqliteStore.Open(File)).DisposeAsync();
        using (var connection = new SqliteConnection($"Data Source={File};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 99";
            command.ExecuteNonQuery();
        }
        Assert.Contains("schema 99", Assert.Throws<InvalidOperationException>(() => SqliteStore.Open(File)).Message);
    }

    [Fact]
    public async Task A_database_of_the_first_schema_is_upgraded_with_what_it_holds()
    {
        using (var session = Session.Open(SqliteStore.ConnectionString(File)))
        {
            Schema.Migrate(session, version: 1);
            session.Run(
                """
                INSERT INTO resources VALUES ('accounts/a/models/m', 'models', 'accounts/a', 'a', 'READY', 3, 10, 20, 0, '{"x":1}', '');
                INSERT INTO counters VALUES ('models', 'accounts/a', 1, 0);
                INSERT INTO outbox (resource, kind, payload, attempts, due) VALUES ('r', 'k', 'p', 2, 0);
                INSERT INTO audit (account, at, principal, key_id, method, resource) VALUES ('a', 5, 'p', 'k', 'm', 'r');
                INSERT INTO usage VALUES ('key', 'a', 'chat', 'r', 'm', 7, 1, 2, 3, 4);
                """);
        }
        await using var store = SqliteStore.Open(File);
        Assert.Equal((3L, "READY"), (await store.GetAsync("accounts/a/models/m", default)) is { } row ? (row.Version, row.State) : default);
        Assert.Single(await store.ListAsync(new ResourceQuery("models", "accounts/a"), default));
        Assert.Equal(("p", 2, false), Assert.Single(await store.ListOutboxAsync(DateTimeOffset.UnixEpoch, 10, default)) is var entry ? (entry.Payload, entry.Attempts, entry.Dead) : default);
        Assert.Equal("m", Assert.Single(await store.ListAuditAsync(new AuditQuery("a"), default)).Method);
        var usage = Assert.Single(await store.ListUsageAsync(new UsageQuery("a"), default));
        Assert.Equal((1L, 4L, "", 0L), (usage.PromptTokens, usage.TrainedTokens, usage.User, usage.Rows));
        await store.CommitAsync(new Change().Schedule(new(DateTimeOffset.UnixEpoch, "r", "k")), default);
        Assert.Equal(1, DatabaseCopy.SchemaOf(File + ".schema-1")); // as it was, for who has to go back
    }

    [Fact]
    public async Task A_copy_is_whole_while_others_write()
    {
        await using var store = SqliteStore.Open(File);
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            // Each change has two rows: a copy with one of them would be half a change.
            for (var i = 0; !stop.IsCancellationRequested; i++) await store.CommitAsync(new Change().Insert(Row($"a{i}")).Insert(Row($"b{i}")), default);
        });
        for (var i = 0; i < 5; i++)
        {
            var acknowledged = await store.CountAsync("models", "accounts/a", false, default);
            var copy = $"{File}.copy{i}";
            DatabaseCopy.Take(File, copy);
            await using var copied = SqliteStore.Open(copy);
            var rows = await copied.ListAsync(new ResourceQuery("models", "accounts/a"), default);
            Assert.True(rows.Count >= acknowledged && rows.Count % 2 == 0, $"{rows.Count} rows, {acknowledged} were acknowledged");
        }
        await stop.CancelAsync();
        await writing;
    }

    [Fact]
    public async Task Paths_of_a_moved_data_directory_are_rewritten_and_nothing_else()
    {
        await using (var store = SqliteStore.Open(File))
        {
            await store.CommitAsync(new Change().Insert(Row("a") with { Json = """{"path":"/old dir/models/x","note":"see /old dir/models","other":"/old dirt/x"}""" })
                .Assign(new("r", "n", AssignmentKind.Trainer, 1, """{"runFolder":"/old dir/runs/j"}""")), default);
        }
        DatabaseCopy.Relocate(File, "/old dir", "/new");
        await using var moved = SqliteStore.Open(File);
        Assert.Equal("""{"path":"/new/models/x","note":"see /old dir/models","other":"/old dirt/x"}""", (await moved.GetAsync("accounts/a/models/a", default))!.Json);
        Assert.Equal("""{"runFolder":"/new/runs/j"}""", Assert.Single(await moved.ListAssignmentsAsync(null, default)).SpecJson);
    }

    [Fact]
    public async Task A_change_that_breaks_a_constraint_fails_alone()
    {
        await using var store = SqliteStore.Open(File);
        await store.CommitAsync(new Change().AddKey(new([1], "accounts/a/models/a")), default);
        var broken = store.CommitAsync(new Change().AddKey(new([1], "accounts/a/models/b")), default).AsTask();
        var sound = store.CommitAsync(new Change().Insert(Row("a")), default).AsTask();
        await Assert.ThrowsAsync<SqliteException>(() => broken);
        await sound;
        Assert.NotNull(await store.GetAsync("accounts/a/models/a", default));
    }

    [Fact]
    public async Task Many_waiting_changes_share_transactions_and_a_refused_one_rolls_back_alone()
    {
        await using var store = SqliteStore.Open(File);
        await store.CommitAsync(new Change().Insert(Row("taken")), default);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => Task.Run(async () =>
        {
            try
            {
                await store.CommitAsync(new Change().Insert(Row(i % 3 == 0 ? "taken" : $"m{i}")), default);
                return true;
            }
            catch (RowExistsException)
            {
                return false;
            }
        })));
        Assert.Equal(200, outcomes.Count(done => done));
        Assert.Equal(201, await store.CountAsync("models", "accounts/a", false, default));
        Assert.Equal(201, (await store.ListAsync(new ResourceQuery("models", "accounts/a"), default)).Count);
    }

    [Fact]
    public async Task A_file_that_is_not_a_database_is_an_error_at_opening()
    {
        await System.IO.File.WriteAllTextAsync(File, new string('x', 5000));
        Assert.Throws<SqliteException>(() => SqliteStore.Open(File));
    }

    private static ResourceRow Row(string id) => new(ResourceName.Of("a", "models", id), "", 0, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, "{}");
}
