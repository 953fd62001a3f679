using System.Threading.Channels;
using Hearth.ControlPlane;
using Microsoft.Data.Sqlite;

namespace Hearth.Storage.Sqlite;

/// <summary>The one thread that writes (rule R12): everything that waits shares a transaction and its sync, each in a savepoint of its own.</summary>
internal sealed class Writer : IDisposable
{
    private const int MaxBatch = 256;

    private readonly Session _session;
    private readonly Channel<Pending> _queue = Channel.CreateUnbounded<Pending>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Thread _thread;

    /// <summary>Takes the session over.</summary>
    public Writer(Session session)
    {
        _session = session;
        _thread = new Thread(WriteLoop) { IsBackground = true, Name = "hearth-store" };
        _thread.Start();
    }

    /// <summary>Runs <paramref name="work"/> on the writer's thread; the result comes once it is durable. What it throws undoes its work alone.</summary>
    /// <exception cref="StoreUnavailableException">The disk is full or fails: nothing was written.</exception>
    public async ValueTask<T> RunAsync<T>(Func<Session, T> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var result = default(T)!;
        var pending = new Pending(session => result = work(session));
        if (!_queue.Writer.TryWrite(pending)) throw new ObjectDisposedException(nameof(SqliteStore));
        await pending.Done.Task; // not cancellable: what is queued may already be durable
        return result;
    }

    /// <summary>Writes what waits, then closes.</summary>
    public void Dispose()
    {
        _queue.Writer.TryComplete();
        if (Thread.CurrentThread != _thread) _thread.Join();
        _session.Dispose();
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

    private void WriteBatch(List<Pending> batch)
    {
        try
        {
            _session.Execute("BEGIN IMMEDIATE");
            foreach (var pending in batch) pending.Refusal = WriteOne(pending);
            CrashPoint.Reach(CrashPoint.BeforeCommit);
            _session.Execute("COMMIT");
            CrashPoint.Reach(CrashPoint.AfterCommit);
        }
        catch (Exception broken)
        {
            TryRollBack();
            foreach (var pending in batch) pending.Done.TrySetException(new StoreUnavailableException(broken));
            return;
        }
        foreach (var pending in batch) pending.Complete();
    }

    private Exception? WriteOne(Pending pending)
    {
        _session.Execute("SAVEPOINT change");
        try
        {
            pending.Work(_session);
            _session.Execute("RELEASE change");
            return null;
        }
        catch (Exception refusal) when (!IsBroken(refusal))
        {
            _session.Execute("ROLLBACK TO change");
            _session.Execute("RELEASE change");
            return refusal;
        }
    }

    /// <summary>True where the database itself fails; a broken constraint is the change's own fault.</summary>
    private static bool IsBroken(Exception error) =>
        error is SqliteException { SqliteErrorCode: not (SQLitePCL.raw.SQLITE_CONSTRAINT or SQLitePCL.raw.SQLITE_TOOBIG or SQLitePCL.raw.SQLITE_MISMATCH) };

    private void TryRollBack()
    {
        try
        {
            _session.Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // SQLite has already rolled back by itself (full disk, I/O error).
        }
    }

    private sealed class Pending(Action<Session> work)
    {
        public Action<Session> Work { get; } = work;
        public Exception? Refusal { get; set; }
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Complete()
        {
            if (Refusal is null) Done.TrySetResult();
            else Done.TrySetException(Refusal);
        }
    }
}
