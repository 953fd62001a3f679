using Hearth.ControlPlane;
using Microsoft.Data.Sqlite;

namespace Hearth.Storage.Sqlite;

/// <summary>Reads of the outbox, of what is due, and of the audit log.</summary>
public sealed partial class SqliteStore
{
    private const string OutboxColumns = "id, resource, kind, payload, attempts, due, dead, error";

    public ValueTask<IReadOnlyList<OutboxEntry>> ListOutboxAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        Read<IReadOnlyList<OutboxEntry>>(session => session.Query(
            $"""
            SELECT {OutboxColumns} FROM outbox AS entry WHERE dead = 0 AND due <= $now AND NOT EXISTS (
                SELECT 1 FROM outbox AS earlier WHERE earlier.resource = entry.resource AND earlier.id < entry.id AND earlier.dead = 0 AND earlier.due > $now)
            ORDER BY id LIMIT $limit
            """, ReadOutbox, ("$now", now.UtcTicks), ("$limit", limit)));

    public ValueTask<IReadOnlyList<OutboxEntry>> ListDeadOutboxAsync(long afterId, int limit, CancellationToken cancellationToken) =>
        Read<IReadOnlyList<OutboxEntry>>(session => session.Query(
            $"SELECT {OutboxColumns} FROM outbox WHERE dead = 1 AND id > $after ORDER BY id LIMIT $limit", ReadOutbox, ("$after", afterId), ("$limit", limit)));

    public ValueTask<IReadOnlyList<DueRow>> ListDueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        Read<IReadOnlyList<DueRow>>(session => session.Query(
            "SELECT at, resource, kind, next, attempts FROM due WHERE next <= $now ORDER BY next, resource, kind LIMIT $limit",
            row => new DueRow(Time(row, 0), row.GetString(1), row.GetString(2)) { Next = Time(row, 3), Attempts = row.GetInt32(4) },
            ("$now", now.UtcTicks), ("$limit", limit)));

    public ValueTask<IReadOnlyList<AuditEntry>> ListAuditAsync(AuditQuery query, CancellationToken cancellationToken) =>
        Read<IReadOnlyList<AuditEntry>>(session => session.Query(
            """
            SELECT account, at, principal, key_id, method, resource, id FROM audit
            WHERE account = $account AND id < $before AND at >= $from AND at < $to ORDER BY id DESC LIMIT $limit
            """,
            row => new AuditEntry(row.GetString(0), Time(row, 1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5)) { Id = row.GetInt64(6) },
            ("$account", query.Account), ("$before", query.BeforeId ?? long.MaxValue), ("$from", From(query.From)), ("$to", To(query.To)), ("$limit", query.Limit)));

    private static OutboxEntry ReadOutbox(SqliteDataReader row) =>
        new(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt32(4), Time(row, 5)) { Dead = row.GetBoolean(6), Error = row.GetString(7) };

    private static long From(DateTimeOffset? time) => time?.UtcTicks ?? 0;

    private static long To(DateTimeOffset? time) => time?.UtcTicks ?? long.MaxValue;
}
