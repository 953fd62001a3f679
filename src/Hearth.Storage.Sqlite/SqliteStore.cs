using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Hearth.ControlPlane;
using Microsoft.Data.Sqlite;

namespace Hearth.Storage.Sqlite;

/// <summary>
/// The storage port in one SQLite file (rule R12): one writer thread that commits waiting changes together, readers beside it.
/// WAL with <c>synchronous=FULL</c>: NORMAL loses acknowledged commits at power failure.
/// </summary>
public sealed class SqliteStore : IStore
{
    private const int MaxBatch = 256;
    private const int EpochBlock = 64;

    private readonly string _connectionString;
    private readonly SqliteConnection _writer;
    private readonly ConcurrentBag<SqliteConnection> _readers = [];
    private readonly Channel<Pending> _queue = Channel.CreateUnbounded<Pending>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Thread _thread;
    private readonly Lock _epochLock = new();
    private long _nextEpoch, _reservedEpoch;

    private SqliteStore(string connectionString)
    {
        _connectionString = connectionString;
        _writer = Open();
        try
        {
            Schema.Migrate(_writer);
        }
        catch
        {
            _writer.Dispose();
            throw;
        }
        _thread = new Thread(WriteLoop) { IsBackground = true, Name = "hearth-store" };
        _thread.Start();
    }

    public event Action<Change>? Committed;

    /// <exception cref="InvalidOperationException">The file was written by a newer program.</exception>
    public static SqliteStore Open(string path) =>
        new(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 30 }.ConnectionString);

    public async ValueTask CommitAsync(Change change, CancellationToken cancellationToken)
    {
        var pending = new Pending(change);
        cancellationToken.ThrowIfCancellationRequested();
        if (!_queue.Writer.TryWrite(pending)) throw new ObjectDisposedException(nameof(SqliteStore));
        await pending.Done.Task; // not cancellable: a queued change may already be durable
        Committed?.Invoke(change);
    }

    /// <summary>Epochs are reserved in blocks: a gap after a crash does no harm, a repetition would.</summary>
    public async ValueTask<long> NextEpochAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (_epochLock)
            {
                if (_nextEpoch < _reservedEpoch) return ++_nextEpoch;
            }
            var reserve = new Pending(new Change()) { ReserveEpochs = true };
            if (!_queue.Writer.TryWrite(reserve)) throw new ObjectDisposedException(nameof(SqliteStore));
            await reserve.Done.Task;
        }
    }

    public ValueTask<ResourceRow?> GetAsync(string name, CancellationToken cancellationToken) =>
        Read(connection => connection.Query($"SELECT {Columns} FROM resources WHERE name = $name", ReadRow, ("$name", name)).FirstOrDefault());

    public ValueTask<IReadOnlyList<ResourceRow>> ListAsync(ResourceQuery query, CancellationToken cancellationToken)
    {
        var (direction, beyond) = query.Descending ? ("DESC", "<") : ("ASC", ">");
        var byTime = query.Order == ResourceOrder.CreateTime;
        var after = query.After is null ? "" : byTime ? $"AND (create_time, name) {beyond} ($time, $after)" : $"AND name {beyond} $after";
        var sql = $"""
            SELECT {Columns} FROM resources WHERE kind = $kind AND parent = $parent {(query.IncludeDeleted ? "" : "AND deleted = 0")} {after}
            ORDER BY {(byTime ? $"create_time {direction}, " : "")}name {direction} LIMIT $limit
            """;
        return Read<IReadOnlyList<ResourceRow>>(connection => connection.Query(sql, ReadRow,
            ("$kind", query.Kind), ("$parent", query.Parent), ("$limit", query.Limit),
            ("$after", query.After?.Name), ("$time", query.After?.CreateTime.UtcTicks)));
    }

    public ValueTask<long> CountAsync(string kind, string parent, bool includeDeleted, CancellationToken cancellationToken) =>
        Read(connection => Convert.ToInt64(connection.Scalar(
            $"SELECT live{(includeDeleted ? " + deleted" : "")} FROM counters WHERE kind = $kind AND parent = $parent", ("$kind", kind), ("$parent", parent)) ?? 0L));

    public ValueTask<bool> IsReferencedAsync(string target, CancellationToken cancellationToken) =>
        Read(connection => connection.Scalar("SELECT 1 FROM resource_references WHERE target = $target LIMIT 1", ("$target", target)) is not null);

    public ValueTask<string?> FindKeyAsync(byte[] hash, CancellationToken cancellationToken) =>
        Read(connection => (string?)connection.Scalar("SELECT name FROM api_keys WHERE hash = $hash", ("$hash", hash)));

    public ValueTask<IReadOnlyList<AssignmentRow>> ListAssignmentsAsync(string? node, CancellationToken cancellationToken) =>
        Read<IReadOnlyList<AssignmentRow>>(connection => connection.Query(
            "SELECT resource, node, kind, epoch, spec FROM assignments WHERE $node IS NULL OR node = $node ORDER BY resource",
            row => new AssignmentRow(row.GetString(0), row.GetString(1), (AssignmentKind)row.GetInt32(2), row.GetInt64(3), row.GetString(4)), ("$node", node)));

    public ValueTask<IReadOnlyList<EndpointRow>> ListEndpointsAsync(string deployment, CancellationToken cancellationToken) =>
        Read<IReadOnlyList<EndpointRow>>(connection => connection.Query(
            "SELECT deployment, replica, node, epoch, socket, addons FROM endpoints WHERE deployment = $deployment ORDER BY replica",
            row => new EndpointRow(
                row.GetString(0), row.GetInt32(1), row.GetString(2), row.GetInt64(3), row.GetString(4), JsonSerializer.Deserialize<string[]>(row.GetString(5))!),
            ("$deployment", deployment)));

    public ValueTask<IReadOnlyList<OutboxEntry>> ListOutboxAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        Read<IReadOnlyList<OutboxEntry>>(connection => connection.Query(
            "SELECT id, resource, kind, payload, attempts, due FROM outbox WHERE due <= $now ORDER BY id LIMIT $limit",
            row => new OutboxEntry(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt32(4), Time(row, 5)),
            ("$now", now.UtcTicks), ("$limit", limit)));

    public ValueTask<IReadOnlyList<AuditEntry>> ListAuditAsync(string account, int limit, CancellationToken cancellationToken) =>
        Read<IReadOnlyList<AuditEntry>>(connection => connection.Query(
            "SELECT account, at, principal, key_id, method, resource FROM audit WHERE account = $account ORDER BY id DESC LIMIT $limit",
            row => new AuditEntry(row.GetString(0), Time(row, 1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5)),
            ("$account", account), ("$limit", limit)));

    public ValueTask<IReadOnlyList<UsageEntry>> ListUsageAsync(string account, CancellationToken cancellationToken) =>
        Read<IReadOnlyList<UsageEntry>>(connection => connection.Query(
            "SELECT key, account, kind, resource, model, at, prompt_tokens, cached_tokens, completion_tokens, trained_tokens FROM usage WHERE account = $account ORDER BY key",
            row => new UsageEntry(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), Time(row, 5))
            {
                PromptTokens = row.GetInt64(6),
                CachedTokens = row.GetInt64(7),
                CompletionTokens = row.GetInt64(8),
                TrainedTokens = row.GetInt64(9),
            }, ("$account", account)));

    public ValueTask<DateTimeOffset?> LastUsageAsync(string resource, CancellationToken cancellationToken) =>
        Read<DateTimeOffset?>(connection => connection.Scalar("SELECT max(at) FROM usage WHERE resource = $resource", ("$resource", resource)) is long ticks
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : null);

    public ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        if (Thread.CurrentThread != _thread) _thread.Join();
        foreach (var reader in _readers) reader.Dispose();
        _writer.Dispose();
        return ValueTask.CompletedTask;
    }

    private const string Columns = "name, state, version, create_time, update_time, json, deleted, refs";

    private static ResourceRow ReadRow(SqliteDataReader row) =>
        new(ResourceName.Parse(row.GetString(0)), row.GetString(1), row.GetInt64(2), Time(row, 3), Time(row, 4), row.GetString(5))
        {
            Deleted = row.GetBoolean(6),
            References = row.GetString(7) is { Length: > 0 } refs ? refs.Split('\n') : [],
        };

    private static DateTimeOffset Time(SqliteDataReader row, int column) => new(row.GetInt64(column), TimeSpan.Zero);

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connectionString);
        try
        {
            connection.Open();
            connection.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    // The driver is synchronous underneath; a read is microseconds, so it runs where it is asked for.
    private ValueTask<T> Read<T>(Func<SqliteConnection, T> read)
    {
        var connection = _readers.TryTake(out var idle) ? idle : Open();
        try
        {
            return new(read(connection));
        }
        finally
        {
            _readers.Add(connection);
        }
    }

    private void WriteLoop()
    {
        var batch = new List<Pending>();
        var reader = _queue.Reader;
        while (reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            batch.Clear();
            while (batch.Count < MaxBatch && reader.TryRead(out var pending)) batch.Add(pending);
            WriteBatch(batch);
        }
    }

    /// <summary>One transaction, one sync, for all that waited; a refused change rolls back alone.</summary>
    private void WriteBatch(List<Pending> batch)
    {
        try
        {
            _writer.Execute("BEGIN IMMEDIATE");
            foreach (var pending in batch) pending.Refusal = WriteOne(pending);
            _writer.Execute("COMMIT");
        }
        catch (Exception broken)
        {
            TryRollBack();
            foreach (var pending in batch) pending.Done.TrySetException(new StoreUnavailableException(broken));
            return;
        }
        foreach (var pending in batch)
        {
            if (pending.EpochsEnd > 0) UseEpochs(pending.EpochsEnd);
            pending.Complete();
        }
    }

    private Exception? WriteOne(Pending pending)
    {
        if (pending.ReserveEpochs)
        {
            pending.EpochsEnd = ReserveEpochs();
            return null;
        }
        _writer.Execute("SAVEPOINT change");
        try
        {
            new ChangeWriter(_writer).Write(pending.Change);
            _writer.Execute("RELEASE change");
            return null;
        }
        catch (Exception refusal) when (refusal is VersionConflictException or RowExistsException or RowInUseException)
        {
            _writer.Execute("ROLLBACK TO change; RELEASE change");
            return refusal;
        }
    }

    private long ReserveEpochs()
    {
        _writer.Execute($"INSERT INTO sequences (name, value) VALUES ('epoch', {EpochBlock}) ON CONFLICT (name) DO UPDATE SET value = value + {EpochBlock}");
        return Convert.ToInt64(_writer.Scalar("SELECT value FROM sequences WHERE name = 'epoch'"));
    }

    private void UseEpochs(long end)
    {
        lock (_epochLock)
        {
            _nextEpoch = Math.Max(_nextEpoch, end - EpochBlock);
            _reservedEpoch = end;
        }
    }

    private void TryRollBack()
    {
        try
        {
            _writer.Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // SQLite has already rolled back by itself (full disk, I/O error).
        }
    }

    private sealed class Pending(Change change)
    {
        public Change Change { get; } = change;
        public bool ReserveEpochs { get; init; }
        public long EpochsEnd { get; set; }
        public Exception? Refusal { get; set; }
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Complete()
        {
            if (Refusal is null) Done.TrySetResult();
            else Done.TrySetException(Refusal);
        }
    }
}
