namespace Hearth.Storage.Sqlite;

/// <summary>Numbered migrations, forward only, each in one transaction. Published ones never change; a database newer than the program is refused.</summary>
internal static class Schema
{
    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE resources (
            name TEXT PRIMARY KEY, kind TEXT NOT NULL, parent TEXT NOT NULL, account TEXT NOT NULL, state TEXT NOT NULL,
            version INTEGER NOT NULL, create_time INTEGER NOT NULL, update_time INTEGER NOT NULL, deleted INTEGER NOT NULL,
            json TEXT NOT NULL, refs TEXT NOT NULL);
        CREATE INDEX resources_by_name ON resources (kind, parent, name);
        CREATE INDEX resources_by_time ON resources (kind, parent, create_time, name);
        CREATE TABLE resource_references (target TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (target, source)) WITHOUT ROWID;
        CREATE INDEX references_by_source ON resource_references (source);
        CREATE TABLE counters (kind TEXT NOT NULL, parent TEXT NOT NULL, live INTEGER NOT NULL, deleted INTEGER NOT NULL, PRIMARY KEY (kind, parent)) WITHOUT ROWID;
        CREATE TABLE sequences (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE assignments (resource TEXT PRIMARY KEY, node TEXT NOT NULL, kind INTEGER NOT NULL, epoch INTEGER NOT NULL, spec TEXT NOT NULL);
        CREATE TABLE endpoints (
            deployment TEXT NOT NULL, replica INTEGER NOT NULL, node TEXT NOT NULL, epoch INTEGER NOT NULL, socket TEXT NOT NULL, addons TEXT NOT NULL,
            PRIMARY KEY (deployment, replica));
        CREATE TABLE api_keys (hash BLOB PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
        CREATE INDEX api_keys_by_name ON api_keys (name);
        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT, resource TEXT NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL,
            attempts INTEGER NOT NULL, due INTEGER NOT NULL);
        CREATE INDEX outbox_by_due ON outbox (due, id);
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, at INTEGER NOT NULL, principal TEXT NOT NULL, key_id TEXT NOT NULL,
            method TEXT NOT NULL, resource TEXT NOT NULL);
        CREATE INDEX audit_by_account ON audit (account, id);
        CREATE TABLE usage (
            key TEXT PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL, resource TEXT NOT NULL, model TEXT NOT NULL, at INTEGER NOT NULL,
            prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, trained_tokens INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX usage_by_resource ON usage (resource, at);
        CREATE INDEX usage_by_account ON usage (account, key);
        """,
        """
        CREATE TABLE due (
            resource TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL, next INTEGER NOT NULL, attempts INTEGER NOT NULL,
            PRIMARY KEY (resource, kind)) WITHOUT ROWID;
        CREATE INDEX due_by_next ON due (next, resource, kind);
        CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, epoch INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
        ALTER TABLE usage ADD COLUMN user TEXT NOT NULL DEFAULT '';
        ALTER TABLE usage ADD COLUMN key_id TEXT NOT NULL DEFAULT '';
        ALTER TABLE usage ADD COLUMN duration INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE usage ADD COLUMN accelerators INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE usage ADD COLUMN rows INTEGER NOT NULL DEFAULT 0;
        DROP INDEX usage_by_account;
        CREATE INDEX usage_by_account ON usage (account, at, key);
        ALTER TABLE outbox ADD COLUMN dead INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE outbox ADD COLUMN error TEXT NOT NULL DEFAULT '';
        DROP INDEX outbox_by_due;
        CREATE INDEX outbox_waiting ON outbox (due, id) WHERE dead = 0;
        CREATE INDEX outbox_dead ON outbox (id) WHERE dead = 1;
        CREATE INDEX outbox_by_resource ON outbox (resource, id) WHERE dead = 0;
        DROP INDEX audit_by_account;
        CREATE INDEX audit_by_account ON audit (account, id, at);
        """,
    ];

    public static int Version => Migrations.Length;

    /// <param name="before">Called with the schema found before a database with data is changed: makes a copy.</param>
    /// <param name="version">Schema to migrate to; null: the newest. Tests of migrations stop earlier.</param>
    /// <exception cref="InvalidOperationException">The database was written by a newer program.</exception>
    public static void Migrate(Session session, Action<int>? before = null, int? version = null)
    {
        var (found, wanted) = (Convert.ToInt32(session.Scalar("PRAGMA user_version")), version ?? Version);
        if (found > Version)
            throw new InvalidOperationException(
                $"The database has schema {found}, this program knows up to {Version}. Run the version of Hearth that wrote it, or a newer one.");
        if (found > 0 && found < wanted) before?.Invoke(found);
        for (var next = found; next < wanted; next++)
            session.Run($"BEGIN IMMEDIATE; {Migrations[next]} PRAGMA user_version = {next + 1}; COMMIT;");
    }
}
