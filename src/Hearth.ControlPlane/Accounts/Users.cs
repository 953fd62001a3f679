namespace Hearth.ControlPlane;

/// <summary>The verbs on users.</summary>
public sealed class Users(ResourceStore resources)
{
    public ValueTask<Stored<UserRecord>> CreateAsync(Caller caller, ResourceName name, UserRecord user, CancellationToken cancellationToken) =>
        resources.CreateAsync<UserRecord>(caller, resources.NewRow(name, "READY", user), cancellationToken);

    public ValueTask<Stored<UserRecord>> UpdateAsync(Caller caller, ResourceName name, Func<UserRecord, UserRecord> update, CancellationToken cancellationToken) =>
        resources.UpdateAsync(caller, "update", name, update, cancellationToken);

    /// <exception cref="HearthException">The text is no role.</exception>
    public static UserRole ParseRole(string? role) => role switch
    {
        "admin" => UserRole.Admin,
        "user" => UserRole.User,
        "contributor" => UserRole.Contributor,
        "inference-user" => UserRole.InferenceUser,
        _ => throw HearthException.Invalid($"role '{role}' is unknown. Use admin, user, contributor or inference-user."),
    };

    public static string Spell(UserRole role) => role switch
    {
        UserRole.Admin => "admin",
        UserRole.User => "user",
        UserRole.Contributor => "contributor",
        _ => "inference-user",
    };
}
