using System.Text.Json;
using Hearth.ControlPlane;

namespace Hearth.Storage.Sqlite;

/// <summary>Writes one change inside the caller's transaction. A refusal is an exception; the caller rolls back to before the change.</summary>
internal sealed class ChangeWriter(Session session)
{
    private readonly Dictionary<(string Kind, string Parent), (int Live, int Soft)> _counts = [];

    public void Write(Change change)
    {
        foreach (var row in change.Deletes) Delete(row);
        foreach (var row in change.Inserts) Insert(row);
        foreach (var row in change.Updates) Update(row);
        foreach (var row in change.Deletes) RequireUnused(row);
        foreach (var row in change.Updates.Where(row => row.Deleted)) RequireUnused(row);
        foreach (var row in change.Inserts.Concat(change.Updates)) RequireTargets(row);
        WriteCounters();
        WriteDue(change);
        WriteProcesses(change);
        WriteEntries(change);
    }

    private void Delete(ResourceRow row)
    {
        var deleted = RequireVersion(row);
        session.Execute("DELETE FROM resources WHERE name = $name", ("$name", row.Name.Value));
        session.Execute("DELETE FROM resource_references WHERE source = $name", ("$name", row.Name.Value));
        session.Execute("DELETE FROM api_keys WHERE name = $name", ("$name", row.Name.Value));
        session.Execute("DELETE FROM due WHERE resource = $name", ("$name", row.Name.Value));
        Count(row, live: deleted ? 0 : -1, soft: deleted ? -1 : 0);
    }

    private void Insert(ResourceRow row)
    {
        var inserted = session.Execute(
            """
            INSERT INTO resources (name, kind, parent, account, state, version, create_time, update_time, deleted, json, refs)
            VALUES ($name, $kind, $parent, $account, $state, 1, $created, $updated, $deleted, $json, $refs) ON CONFLICT (name) DO NOTHING
            """,
            ("$name", row.Name.Value), ("$kind", row.Name.Kind), ("$parent", row.Name.Parent), ("$account", row.Name.Account), ("$state", row.State),
            ("$created", row.CreateTime.UtcTicks), ("$updated", row.UpdateTime.UtcTicks), ("$deleted", row.Deleted), ("$json", row.Json), ("$refs", Refs(row)));
        if (inserted == 0) throw new RowExistsException(row.Name.Value);
        WriteReferences(row);
        Count(row, live: row.Deleted ? 0 : 1, soft: row.Deleted ? 1 : 0);
    }

    private void Update(ResourceRow row)
    {
        var wasDeleted = RequireVersion(row);
        session.Execute(
            """
            UPDATE resources SET state = $state, version = version + 1, create_time = $created, update_time = $updated, deleted = $deleted, json = $json, refs = $refs
            WHERE name = $name
            """,
            ("$name", row.Name.Value), ("$state", row.State), ("$created", row.CreateTime.UtcTicks), ("$updated", row.UpdateTime.UtcTicks),
            ("$deleted", row.Deleted), ("$json", row.Json), ("$refs", Refs(row)));
        session.Execute("DELETE FROM resource_references WHERE source = $name", ("$name", row.Name.Value));
        WriteReferences(row);
        if (wasDeleted != row.Deleted) Count(row, live: row.Deleted ? -1 : 1, soft: row.Deleted ? 1 : -1);
    }

    /// <summary>Compares and says whether the stored row is soft-deleted.</summary>
    private bool RequireVersion(ResourceRow row)
    {
        var deleted = session.Scalar(
            "SELECT deleted FROM resources WHERE name = $name AND version = $version", ("$name", row.Name.Value), ("$version", row.Version));
        return deleted is null ? throw new VersionConflictException(row.Name.Value) : Convert.ToBoolean(deleted);
    }

    private void RequireUnused(ResourceRow row)
    {
        var user = session.Scalar("SELECT source FROM resource_references WHERE target = $name ORDER BY source LIMIT 1", ("$name", row.Name.Value));
        if (user is not null) throw new RowInUseException(row.Name.Value, (string)user);
    }

    private void RequireTargets(ResourceRow row)
    {
        foreach (var target in row.References.Where(target => target.StartsWith("accounts/", StringComparison.Ordinal)))
        {
            if (session.Scalar("SELECT 1 FROM resources WHERE name = $name AND deleted = 0", ("$name", target)) is null)
                throw new VersionConflictException(target);
        }
    }

    private void WriteReferences(ResourceRow row)
    {
        foreach (var target in row.References)
            session.Execute("INSERT OR IGNORE INTO resource_references (target, source) VALUES ($target, $source)", ("$target", target), ("$source", row.Name.Value));
    }

    private void Count(ResourceRow row, int live, int soft)
    {
        var key = (row.Name.Kind, row.Name.Parent);
        var sum = _counts.GetValueOrDefault(key);
        _counts[key] = (sum.Live + live, sum.Soft + soft);
    }

    private void WriteCounters()
    {
        foreach (var ((kind, parent), (live, soft)) in _counts.Where(count => count.Value != default))
        {
            session.Execute(
                """
                INSERT INTO counters (kind, parent, live, deleted) VALUES ($kind, $parent, $live, $soft)
                ON CONFLICT (kind, parent) DO UPDATE SET live = live + $live, deleted = deleted + $soft
                """,
                ("$kind", kind), ("$parent", parent), ("$live", live), ("$soft", soft));
        }
    }

    private void WriteProcesses(Change change)
    {
        foreach (var resource in change.Unassigned) session.Execute("DELETE FROM assignments WHERE resource = $resource", ("$resource", resource));
        foreach (var assignment in change.Assignments)
        {
            session.Execute(
                "INSERT OR REPLACE INTO assignments (resource, node, kind, epoch, spec) VALUES ($resource, $node, $kind, $epoch, $spec)",
                ("$resource", assignment.Resource), ("$node", assignment.Node), ("$kind", (int)assignment.Kind), ("$epoch", assignment.Epoch), ("$spec", assignment.SpecJson));
        }
        foreach (var deployment in change.EndpointsGone) session.Execute("DELETE FROM endpoints WHERE deployment = $deployment", ("$deployment", deployment));
        foreach (var endpoint in change.Endpoints)
        {
            session.Execute(
                "INSERT OR REPLACE INTO endpoints (deployment, replica, node, epoch, socket, addons) VALUES ($deployment, $replica, $node, $epoch, $socket, $addons)",
                ("$deployment", endpoint.Deployment), ("$replica", endpoint.Replica), ("$node", endpoint.Node), ("$epoch", endpoint.Epoch),
                ("$socket", endpoint.Socket), ("$addons", JsonSerializer.Serialize(endpoint.AddonHashes)));
        }
        foreach (var key in change.ApiKeys) session.Execute("INSERT INTO api_keys (hash, name) VALUES ($hash, $name)", ("$hash", key.Hash), ("$name", key.Name));
    }

    private void WriteDue(Change change)
    {
        foreach (var (row, until) in change.Claims)
        {
            var claimed = session.Execute(
                "UPDATE due SET next = $until, attempts = attempts + 1 WHERE resource = $resource AND kind = $kind AND at = $at AND next = $next",
                ("$until", until.UtcTicks), ("$resource", row.Resource), ("$kind", row.Kind), ("$at", row.At.UtcTicks), ("$next", row.Next.UtcTicks));
            if (claimed == 0) throw new VersionConflictException(row.Resource);
        }
        foreach (var row in change.Handled)
        {
            session.Execute("DELETE FROM due WHERE resource = $resource AND kind = $kind AND at = $at AND next = $next",
                ("$resource", row.Resource), ("$kind", row.Kind), ("$at", row.At.UtcTicks), ("$next", row.Next.UtcTicks));
        }
        foreach (var (resource, kind) in change.NoLongerDue)
            session.Execute("DELETE FROM due WHERE resource = $resource AND kind = $kind", ("$resource", resource), ("$kind", kind));
        foreach (var row in change.Due)
        {
            session.Execute("INSERT OR REPLACE INTO due (resource, kind, at, next, attempts) VALUES ($resource, $kind, $at, $next, $attempts)",
                ("$resource", row.Resource), ("$kind", row.Kind), ("$at", row.At.UtcTicks), ("$next", row.Next.UtcTicks), ("$attempts", row.Attempts));
        }
    }

    private void WriteEntries(Change change)
    {
        foreach (var id in change.Delivered) session.Execute("DELETE FROM outbox WHERE id = $id", ("$id", id));
        foreach (var entry in change.Postponed)
        {
            session.Execute("UPDATE outbox SET attempts = $attempts, due = $due, dead = $dead, error = $error WHERE id = $id",
                ("$id", entry.Id), ("$attempts", entry.Attempts), ("$due", entry.Due.UtcTicks), ("$dead", entry.Dead), ("$error", entry.Error));
        }
        foreach (var entry in change.Outbox)
        {
            session.Execute(
                "INSERT INTO outbox (resource, kind, payload, attempts, due) VALUES ($resource, $kind, $payload, $attempts, $due)",
                ("$resource", entry.Resource), ("$kind", entry.Kind), ("$payload", entry.Payload), ("$attempts", entry.Attempts), ("$due", entry.Due.UtcTicks));
        }
        foreach (var entry in change.Audit)
        {
            session.Execute(
                "INSERT INTO audit (account, at, principal, key_id, method, resource) VALUES ($account, $at, $principal, $key, $method, $resource)",
                ("$account", entry.Account), ("$at", entry.At.UtcTicks), ("$principal", entry.Principal), ("$key", entry.KeyId), ("$method", entry.Method), ("$resource", entry.Resource));
        }
        foreach (var entry in change.Usage)
        {
            session.Execute(
                """
                INSERT OR IGNORE INTO usage (
                    key, account, kind, resource, model, at, user, key_id, prompt_tokens, cached_tokens, completion_tokens, trained_tokens, duration, accelerators, rows)
                VALUES ($key, $account, $kind, $resource, $model, $at, $user, $keyId, $prompt, $cached, $completion, $trained, $duration, $accelerators, $rows)
                """,
                ("$key", entry.Key), ("$account", entry.Account), ("$kind", entry.Kind), ("$resource", entry.Resource), ("$model", entry.Model), ("$at", entry.At.UtcTicks),
                ("$prompt", entry.PromptTokens), ("$cached", entry.CachedTokens), ("$completion", entry.CompletionTokens), ("$trained", entry.TrainedTokens),
                ("$user", entry.User), ("$keyId", entry.KeyId), ("$duration", entry.DurationMilliseconds), ("$accelerators", entry.Accelerators), ("$rows", entry.Rows));
        }
    }

    private static string Refs(ResourceRow row) => string.Join('\n', row.References);
}
