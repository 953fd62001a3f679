namespace Hearth.ControlPlane;

/// <summary>What every collection does the same way: typed reads, and verbs that run alone on a resource and leave an audit entry.</summary>
public sealed class ResourceStore(IStore store, ResourceMailbox mailbox, TimeProvider clock, ICommitObserver? observer = null)
{
    public IStore Store => store;
    public DateTimeOffset Now => clock.GetUtcNow();

    /// <exception cref="HearthException">There is no such resource, or it was deleted.</exception>
    public async ValueTask<Stored<T>> GetAsync<T>(ResourceName name, CancellationToken cancellationToken) =>
        await FindAsync<T>(name, cancellationToken) ?? throw HearthException.NotFound(name.Value);

    public async ValueTask<Stored<T>?> FindAsync<T>(ResourceName name, CancellationToken cancellationToken) =>
        await store.GetAsync(name.Value, cancellationToken) is { Deleted: false } row ? Records.Read<T>(row) : null;

    public async ValueTask<IReadOnlyList<Stored<T>>> ListAsync<T>(string account, string kind, CancellationToken cancellationToken) =>
        [.. (await store.ListAsync(new ResourceQuery(kind, $"accounts/{account}"), cancellationToken)).Select(Records.Read<T>)];

    /// <summary>A new row, not yet stored.</summary>
    public ResourceRow NewRow<T>(ResourceName name, string state, T value, params IReadOnlyList<string> references) =>
        new(name, state, 0, Now, Now, Records.Write(value)) { References = references };

    public ValueTask<Stored<T>> CreateAsync<T>(Caller caller, ResourceRow row, CancellationToken cancellationToken) =>
        VerbAsync(caller, "create", row.Name, async (change, cancel) =>
        {
            change.Insert(row);
            await ValueTask.CompletedTask;
            return Records.Read<T>(row);
        }, cancellationToken);

    /// <summary>Reads, applies <paramref name="update"/> and commits, alone on the resource.</summary>
    public ValueTask<Stored<T>> UpdateAsync<T>(Caller caller, string method, ResourceName name, Func<T, T> update, CancellationToken cancellationToken) =>
        VerbAsync(caller, method, name, async (change, cancel) =>
        {
            var current = await GetAsync<T>(name, cancel);
            var next = current.With(update(current.Value), null, Now);
            change.Update(next);
            return Records.Read<T>(next);
        }, cancellationToken);

    /// <summary>Runs a verb alone on <paramref name="name"/> and commits the change it fills, with an audit entry. A verb that adds nothing changes nothing.</summary>
    public ValueTask<TResult> VerbAsync<TResult>(
        Caller caller, string method, ResourceName name, Func<Change, CancellationToken, ValueTask<TResult>> verb, CancellationToken cancellationToken) =>
        mailbox.RunAsync(name.Value, async cancel =>
        {
            var change = new Change();
            var result = await verb(change, cancel);
            change.Record(new(caller.Account, Now, caller.Email, caller.KeyId, $"{name.Kind}.{method}", name.Value));
            await CommitAsync(change, cancel);
            return result;
        }, cancellationToken);

    /// <summary>Like <see cref="VerbAsync"/> for the platform's own steps (reports, recovery): no audit entry; nothing is committed where the verb returns false.</summary>
    public ValueTask<bool> StepAsync(ResourceName name, Func<Change, CancellationToken, ValueTask<bool>> step, CancellationToken cancellationToken) =>
        mailbox.RunAsync(name.Value, async cancel =>
        {
            var change = new Change();
            if (!await step(change, cancel)) return false;
            await CommitAsync(change, cancel);
            return true;
        }, cancellationToken);

    private async ValueTask CommitAsync(Change change, CancellationToken cancellationToken)
    {
        await RequireLegalAsync(change, cancellationToken);
        var (start, outcome) = (clock.GetTimestamp(), "unavailable");
        try
        {
            await store.CommitAsync(change, cancellationToken);
            outcome = "ok";
        }
        catch (VersionConflictException)
        {
            outcome = "conflict";
            throw;
        }
        catch (RowExistsException taken)
        {
            outcome = "refused";
            throw new HearthException(ErrorCode.AlreadyExists, $"{taken.Name} already exists. Choose another id, or delete it first.");
        }
        catch (RowInUseException used)
        {
            outcome = "refused";
            throw HearthException.Precondition($"{used.Name} is in use by {used.User}. Delete or cancel that first.");
        }
        finally
        {
            observer?.Committed(clock.GetElapsedTime(start), outcome);
        }
    }

    /// <summary>The one place where states are kept to their tables: every verb and every report commits through here.</summary>
    private async ValueTask RequireLegalAsync(Change change, CancellationToken cancellationToken)
    {
        foreach (var row in change.Inserts)
        {
            if (StateMachine.Of(row.Name.Kind)?.CanBegin(row.State) == false) throw HearthException.Precondition($"{row.Name} cannot begin as {row.State}.");
        }
        foreach (var row in change.Updates)
        {
            if (StateMachine.Of(row.Name.Kind) is not { } table) continue;
            var stored = await store.GetAsync(row.Name.Value, cancellationToken);
            if (stored?.Version != row.Version) throw new VersionConflictException(row.Name.Value); // as the store would say
            if (!table.CanFollow(stored.State, row.State)) throw HearthException.Precondition($"{row.Name} is {stored.State}; it cannot become {row.State}.");
        }
    }
}
