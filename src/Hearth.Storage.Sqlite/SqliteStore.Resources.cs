using System.Text.Json;
using Hearth.ControlPlane;
using Microsoft.Data.Sqlite;

namespace Hearth.Storage.Sqlite;

/// <summary>Reads of resources and of what runs for them.</summary>
public sealed partial class SqliteStore
{
    private const string Columns = "name, state, version, create_time, update_time, json, deleted, refs";

    public ValueTask<ResourceRow?> GetAsync(string name, CancellationToken cancellationToken) =>
        Read(session => session.Query($"SELECT {Columns} FROM resources WHERE name = $name", ReadRow, ("$name", name)).FirstOrDefault());

    public ValueTask<IReadOnlyList<ResourceRow>> ListAsync(ResourceQuery query, CancellationToken cancellationToken)
    {
        var (direction, beyond) = query.Descending ? ("DESC", "<") : ("ASC", ">");
        var byTime = query.Order == ResourceOrder.CreateTime;
        var after = query.After is null ? "" : byTime ? $"AND (create_time, name) {beyond} ($time, $after)" : $"AND name {beyond} $after";
        var sql = $"""
            SELECT {Columns} FROM resources WHERE kind = $kind AND parent = $parent {(query.IncludeDeleted ? "" : "AND deleted = 0")} {after}
            ORDER BY {(byTime ? $"create_time {direction}, " : "")}name {direction} LIMIT $limit
            """;
        return Read<IReadOnlyList<ResourceRow>>(session => session.Query(sql, ReadRow,
            ("$kind", query.Kind), ("$parent", query.Parent), ("$limit", query.Limit),
            ("$after", query.After?.Name), ("$time", query.After?.CreateTime.UtcTicks)));
    }

    public ValueTask<long> CountAsync(string kind, string parent, bool includeDeleted, CancellationToken cancellationToken) =>
        Read(session => Convert.ToInt64(session.Scalar(
            $"SELECT live{(includeDeleted ? " + deleted" : "")} FROM counters WHERE kind = $kind AND parent = $parent", ("$kind", kind), ("$parent", parent)) ?? 0L));

    public ValueTask<bool> IsReferencedAsync(string target, CancellationToken cancellationToken) =>
        Read(session => session.Scalar("SELECT 1 FROM resource_references WHERE target = $target LIMIT 1", ("$target", target)) is not null);

    public ValueTask<IReadOnlyList<ResourceRow>> ListReferrersAsync(string target, string kind, CancellationToken cancellationToken) =>
        Read<IReadOnlyList<ResourceRow>>(session => session.Query(
            $"SELECT {Columns} FROM resource_references JOIN resources ON name = source WHERE target = $target AND kind = $kind AND deleted = 0 ORDER BY source",
            ReadRow, ("$target", target), ("$kind", kind)));

    public ValueTask<string?> FindKeyAsync(byte[] hash, CancellationToken cancellationToken) =>
        Read(session => (string?)session.Scalar("SELECT name FROM api_keys WHERE hash = $hash", ("$hash", hash)));

    public ValueTask<IReadOnlyList<AssignmentRow>> ListAssignmentsAsync(string? node, CancellationToken cancellationToken) =>
        Read<IReadOnlyList<AssignmentRow>>(session => session.Query(
            "SELECT resource, node, kind, epoch, spec FROM assignments WHERE $node IS NULL OR node = $node ORDER BY resource",
            row => new AssignmentRow(row.GetString(0), row.GetString(1), (AssignmentKind)row.GetInt32(2), row.GetInt64(3), row.GetString(4)), ("$node", node)));

    public ValueTask<IReadOnlyList<EndpointRow>> ListEndpointsAsync(string deployment, CancellationToken cancellationToken) =>
        Read<IReadOnlyList<EndpointRow>>(session => session.Query(
            "SELECT deployment, replica, node, epoch, socket, addons FROM endpoints WHERE deployment = $deployment ORDER BY replica",
            row => new EndpointRow(
                row.GetString(0), row.GetInt32(1), row.GetString(2), row.GetInt64(3), row.GetString(4), JsonSerializer.Deserialize<string[]>(row.GetString(5))!),
            ("$deployment", deployment)));

    private static ResourceRow ReadRow(SqliteDataReader row) =>
        new(ResourceName.Parse(row.GetString(0)), row.GetString(1), row.GetInt64(2), Time(row, 3), Time(row, 4), row.GetString(5))
        {
            Deleted = row.GetBoolean(6),
            References = row.GetString(7) is { Length: > 0 } refs ? refs.Split('\n') : [],
        };
}
