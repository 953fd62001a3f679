using System.Collections.Concurrent;
using Hearth.ControlPlane;
using Microsoft.Data.Sqlite;

namespace Hearth.Storage.Sqlite;

/// <summary>
/// The storage port in one SQLite file (rule R12): one writer thread that commits waiting changes together, readers beside it.
/// WAL with <c>synchronous=FULL</c>: NORMAL loses acknowledged commits at power failure.
/// </summary>
public sealed partial class SqliteStore : IStore
{
    private const int EpochBlock = 64;

    private readonly string _connectionString;
    private readonly TimeProvider _clock;
    private readonly Writer _writer;
    private readonly ConcurrentBag<Session> _readers = [];
    private readonly Lock _epochLock = new();
    private long _nextEpoch, _reservedEpoch;

    private SqliteStore(string path, TimeProvider clock)
    {
        (_connectionString, _clock) = (ConnectionString(path), clock);
        var session = Session.Open(_connectionString);
        try
        {
            Schema.Migrate(session, before: found => DatabaseCopy.Take(path, $"{path}.schema-{found}"));
        }
        catch
        {
            session.Dispose();
            throw;
        }
        _writer = new Writer(session);
    }

    public event Action<Change>? Committed;

    /// <param name="clock">The store's clock, by which leases expire; null: the system's.</param>
    /// <exception cref="InvalidOperationException">The file was written by a newer program.</exception>
    public static SqliteStore Open(string path, TimeProvider? clock = null) => new(path, clock ?? TimeProvider.System);

    public async ValueTask CommitAsync(Change change, CancellationToken cancellationToken)
    {
        await _writer.RunAsync(session =>
        {
            new ChangeWriter(session).Write(change);
            return true;
        }, cancellationToken);
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
            var end = await _writer.RunAsync(session => Reserve(session, EpochBlock), cancellationToken);
            lock (_epochLock)
            {
                if (end <= _reservedEpoch) continue; // a later block is in use already
                (_nextEpoch, _reservedEpoch) = (Math.Max(_nextEpoch, end - EpochBlock), end);
            }
        }
    }

    /// <summary>Ends when what was queued is written.</summary>
    public ValueTask DisposeAsync()
    {
        _writer.Dispose();
        foreach (var reader in _readers) reader.Dispose();
        return ValueTask.CompletedTask;
    }

    internal static string ConnectionString(string path) =>
        new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 30 }.ConnectionString;

    private static long Reserve(Session session, int count)
    {
        session.Execute("INSERT INTO sequences (name, value) VALUES ('epoch', $count) ON CONFLICT (name) DO UPDATE SET value = value + $count", ("$count", count));
        return Convert.ToInt64(session.Scalar("SELECT value FROM sequences WHERE name = 'epoch'"));
    }

    // The driver is synchronous underneath; a read is microseconds, so it runs where it is asked for.
    private ValueTask<T> Read<T>(Func<Session, T> read)
    {
        var session = _readers.TryTake(out var idle) ? idle : Session.Open(_connectionString);
        try
        {
            return new(read(session));
        }
        finally
        {
            _readers.Add(session);
        }
    }

    private static DateTimeOffset Time(SqliteDataReader row, int column) => new(row.GetInt64(column), TimeSpan.Zero);
}
