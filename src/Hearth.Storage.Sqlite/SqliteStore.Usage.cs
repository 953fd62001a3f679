using Hearth.ControlPlane;
using Microsoft.Data.Sqlite;

namespace Hearth.Storage.Sqlite;

/// <summary>Reads of usage.</summary>
public sealed partial class SqliteStore
{
    private const string UsageRange =
        "account = $account AND at >= $from AND at < $to AND ($kind IS NULL OR kind = $kind) AND ($resource IS NULL OR resource = $resource)";

    public ValueTask<IReadOnlyList<UsageEntry>> ListUsageAsync(UsageQuery query, CancellationToken cancellationToken) =>
        Read<IReadOnlyList<UsageEntry>>(session => session.Query(
            $"""
            SELECT key, account, kind, resource, model, at, user, key_id, prompt_tokens, cached_tokens, completion_tokens, trained_tokens, duration, accelerators, rows
            FROM usage WHERE {UsageRange} ORDER BY at, key
            """,
            row => new UsageEntry(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), Time(row, 5))
            {
                User = row.GetString(6),
                KeyId = row.GetString(7),
                PromptTokens = row.GetInt64(8),
                CachedTokens = row.GetInt64(9),
                CompletionTokens = row.GetInt64(10),
                TrainedTokens = row.GetInt64(11),
                DurationMilliseconds = row.GetInt64(12),
                Accelerators = row.GetInt64(13),
                Rows = row.GetInt64(14),
            },
            ("$account", query.Account), ("$from", From(query.From)), ("$to", To(query.To)), ("$kind", query.Kind), ("$resource", query.Resource)));

    public ValueTask<IReadOnlyList<UsageSum>> SumUsageAsync(UsageQuery query, TimeSpan bucket, UsageFields fields, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(bucket, TimeSpan.Zero);
        string Field(UsageFields field, string column) => fields.HasFlag(field) ? column : "''";
        var sql = $"""
            SELECT at / $bucket * $bucket AS start, {Field(UsageFields.Kind, "kind")} AS by_kind, {Field(UsageFields.Model, "model")} AS by_model,
                {Field(UsageFields.Resource, "resource")} AS by_resource, {Field(UsageFields.User, "user")} AS by_user, {Field(UsageFields.Key, "key_id")} AS by_key,
                count(*), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens), sum(trained_tokens), sum(duration), sum(duration * accelerators), sum(rows)
            FROM usage WHERE {UsageRange}
            GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
            """;
        return Read<IReadOnlyList<UsageSum>>(session => session.Query(sql, ReadSum,
            ("$account", query.Account), ("$from", From(query.From)), ("$to", To(query.To)), ("$kind", query.Kind), ("$resource", query.Resource),
            ("$bucket", bucket.Ticks)));
    }

    public ValueTask<DateTimeOffset?> LastUsageAsync(string resource, CancellationToken cancellationToken) =>
        Read<DateTimeOffset?>(session => session.Scalar("SELECT max(at) FROM usage WHERE resource = $resource", ("$resource", resource)) is long ticks
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : null);

    private static UsageSum ReadSum(SqliteDataReader row) =>
        new(Time(row, 0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5))
        {
            Entries = row.GetInt64(6),
            PromptTokens = row.GetInt64(7),
            CachedTokens = row.GetInt64(8),
            CompletionTokens = row.GetInt64(9),
            TrainedTokens = row.GetInt64(10),
            DurationMilliseconds = row.GetInt64(11),
            AcceleratorMilliseconds = row.GetInt64(12),
            Rows = row.GetInt64(13),
        };
}
