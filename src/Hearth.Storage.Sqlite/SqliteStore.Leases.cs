using Hearth.ControlPlane;

namespace Hearth.Storage.Sqlite;

/// <summary>Leases, by the store's clock.</summary>
public sealed partial class SqliteStore
{
    public ValueTask<Lease?> TakeLeaseAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) =>
        _writer.RunAsync(session =>
        {
            var now = _clock.GetUtcNow();
            session.Execute(
                """
                INSERT INTO leases (name, holder, epoch, expires) VALUES ($name, $holder, 1, $expires)
                ON CONFLICT (name) DO UPDATE SET holder = $holder, epoch = epoch + 1, expires = $expires WHERE holder = $holder OR expires <= $now
                """,
                ("$name", name), ("$holder", holder), ("$expires", (now + duration).UtcTicks), ("$now", now.UtcTicks));
            var stored = session.Query("SELECT name, holder, epoch, expires FROM leases WHERE name = $name",
                row => new Lease(row.GetString(0), row.GetString(1), row.GetInt64(2), Time(row, 3)), ("$name", name)).Single();
            return stored.Holder == holder ? stored : null;
        }, cancellationToken);

    public ValueTask<Lease?> RenewLeaseAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken) =>
        _writer.RunAsync(session =>
        {
            var now = _clock.GetUtcNow();
            var renewed = session.Execute(
                "UPDATE leases SET expires = $expires WHERE name = $name AND holder = $holder AND epoch = $epoch AND expires > $now",
                ("$expires", (now + duration).UtcTicks), ("$name", lease.Name), ("$holder", lease.Holder), ("$epoch", lease.Epoch), ("$now", now.UtcTicks));
            return renewed > 0 ? lease with { Expires = now + duration } : null;
        }, cancellationToken);

    // The row stays, expired: its epoch must not begin anew.
    public async ValueTask ReleaseLeaseAsync(Lease lease, CancellationToken cancellationToken) =>
        await _writer.RunAsync(session => session.Execute(
            "UPDATE leases SET expires = 0 WHERE name = $name AND holder = $holder AND epoch = $epoch",
            ("$name", lease.Name), ("$holder", lease.Holder), ("$epoch", lease.Epoch)), cancellationToken);
}
