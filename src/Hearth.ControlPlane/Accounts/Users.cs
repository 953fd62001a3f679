using System.Net.Mail;

namespace Hearth.ControlPlane;

/// <summary>
/// The verbs on users. What holds for the users of an account together (one user an e-mail address, never without an admin) is kept by touching the
/// account's row in each change: of two changes at once, on any node, the second starts again (rule R2).
/// </summary>
public sealed class Users(ResourceStore resources, ResourceMailbox mailbox)
{
    public ValueTask<Stored<UserRecord>> CreateAsync(Caller caller, ResourceName name, UserRecord user, CancellationToken cancellationToken) =>
        VerbAsync(caller, "create", name, async (change, others, cancel) =>
        {
            RequireOwnAddress(user, others);
            var row = resources.NewRow(name, "READY", user);
            change.Insert(row);
            await ValueTask.CompletedTask;
            return Records.Read<UserRecord>(row);
        }, cancellationToken);

    /// <exception cref="HearthException">The account would be without an admin, the e-mail address is another user's, or a service account's would change.</exception>
    public ValueTask<Stored<UserRecord>> UpdateAsync(Caller caller, ResourceName name, Func<UserRecord, UserRecord> update, CancellationToken cancellationToken) =>
        VerbAsync(caller, "update", name, async (change, others, cancel) =>
        {
            var current = await resources.GetAsync<UserRecord>(name, cancel);
            var user = update(current.Value);
            if (user.ServiceAccount != current.Value.ServiceAccount) throw HearthException.Invalid("serviceAccount cannot change. Create another user.");
            if (user.ServiceAccount && user.Email != current.Value.Email) throw HearthException.Invalid("The email of a service account is made of its id and cannot change.");
            RequireOwnAddress(user, others);
            if (user.Role != UserRole.Admin) RequireOtherAdmin(current, others);
            var next = current.With(user, null, resources.Now);
            change.Update(next);
            return Records.Read<UserRecord>(next);
        }, cancellationToken);

    /// <summary>Ends a user and its keys, from the next request on. What the user made stays.</summary>
    public ValueTask<bool> DeleteAsync(Caller caller, ResourceName name, CancellationToken cancellationToken) =>
        VerbAsync(caller, "delete", name, async (change, others, cancel) =>
        {
            var user = await resources.GetAsync<UserRecord>(name, cancel);
            RequireOtherAdmin(user, others);
            change.Delete(user.Row);
            foreach (var key in await resources.Store.ListAsync(new ResourceQuery(ResourceKind.ApiKeys, name.Value), cancel)) change.Delete(key);
            return true;
        }, cancellationToken);

    /// <summary>Null or empty is <c>user</c>, as the platform's tools have it.</summary>
    /// <exception cref="HearthException">The text is no role.</exception>
    public static UserRole ParseRole(string? role) => role switch
    {
        "admin" => UserRole.Admin,
        "user" or null or "" => UserRole.User,
        "contributor" => UserRole.Contributor,
        "inference-user" => UserRole.InferenceUser,
        "custom" => throw HearthException.Unimplemented("The role custom with a permission preset"),
        _ => throw HearthException.Invalid($"role '{role}' is unknown. Use admin, user, contributor or inference-user."),
    };

    public static string Spell(UserRole role) => role switch
    {
        UserRole.Admin => "admin",
        UserRole.User => "user",
        UserRole.Contributor => "contributor",
        _ => "inference-user",
    };

    /// <summary>The address that a service account goes by; nobody signs in with it.</summary>
    public static string ServiceAddress(ResourceName name) => $"{name.Id}@{name.Account}.sa.fireworks.ai";

    private ValueTask<T> VerbAsync<T>(
        Caller caller, string method, ResourceName name, Func<Change, IReadOnlyList<Stored<UserRecord>>, CancellationToken, ValueTask<T>> verb, CancellationToken cancellationToken) =>
        mailbox.RunAsync($"{name.Parent}/{ResourceKind.Users}", cancel => resources.VerbAsync(caller, method, name, async (change, inner) =>
        {
            var account = await resources.GetAsync<AccountRecord>(ResourceName.Parse(name.Parent), inner);
            change.Update(account.Row);
            var others = await resources.ListAsync<UserRecord>(name.Account, ResourceKind.Users, inner);
            return await verb(change, [.. others.Where(other => other.Name.Value != name.Value)], inner);
        }, cancel), cancellationToken);

    // Resources know their maker by this address, so it must stand for one user only.
    private static void RequireOwnAddress(UserRecord user, IReadOnlyList<Stored<UserRecord>> others)
    {
        if (!MailAddress.TryCreate(user.Email, out var parsed) || parsed.Address != user.Email)
            throw new HearthException(ErrorCode.InvalidArgument, $"email '{user.Email}' is not an e-mail address.") { Param = "email" };
        if (others.FirstOrDefault(other => string.Equals(other.Value.Email, user.Email, StringComparison.OrdinalIgnoreCase)) is { } taken)
            throw new HearthException(ErrorCode.AlreadyExists, $"email {user.Email} is that of {taken.Name}. Give another, or change that user.");
    }

    private static void RequireOtherAdmin(Stored<UserRecord> user, IReadOnlyList<Stored<UserRecord>> others)
    {
        if (user.Value.Role == UserRole.Admin && !others.Any(other => other.Value is { Role: UserRole.Admin, ServiceAccount: false }))
            throw HearthException.Precondition($"{user.Name} is the last admin of the account. Make another user an admin first.");
    }
}
