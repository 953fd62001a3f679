namespace Hearth.ControlPlane;

/// <summary>A key's record and whom it stands for.</summary>
internal sealed record KnownKey(Caller Caller, ApiKeyRecord Record, DateTimeOffset ReadAt);

/// <summary>
/// Keys that were read within the last second: saves three reads a request. A commit here that touches a key or a user forgets them all at once, so a
/// revoked key ends at once; what another node commits is seen within the second (rule S4).
/// </summary>
internal sealed class KnownKeys
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(1);
    private const int MostKeys = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, KnownKey> _keys = [];
    private long _generation;

    public KnownKeys(IStore store) => store.Committed += change =>
    {
        if (Touches(change)) Forget();
    };

    /// <summary>Read before the store is read: what was read before a change is not kept after it.</summary>
    public long Generation => Interlocked.Read(ref _generation);

    public KnownKey? Find(string hash, DateTimeOffset now)
    {
        lock (_lock) return _keys.TryGetValue(hash, out var known) && now - known.ReadAt < Lifetime && now >= known.ReadAt ? known : null;
    }

    public void Keep(string hash, KnownKey known, long generation)
    {
        lock (_lock)
        {
            if (generation != _generation) return;
            if (_keys.Count >= MostKeys) _keys.Clear();
            _keys[hash] = known;
        }
    }

    private void Forget()
    {
        lock (_lock)
        {
            _generation++;
            _keys.Clear();
        }
    }

    private static bool Touches(Change change) =>
        change.ApiKeys.Count > 0 || change.Inserts.Any(IsIdentity) || change.Updates.Any(IsIdentity) || change.Deletes.Any(IsIdentity);

    private static bool IsIdentity(ResourceRow row) => row.Name.Kind is ResourceKind.ApiKeys or ResourceKind.Users or ResourceKind.Accounts;
}
