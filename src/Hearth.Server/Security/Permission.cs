using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>What a route asks of its caller. Every route declares one; a server with a route that does not, does not start (rule S9).</summary>
internal enum Permission
{
    /// <summary>No key needed.</summary>
    None,
    /// <summary>Read resources of the own account.</summary>
    View,
    /// <summary>Like <see cref="View"/>, and public resources of the catalogue's account too.</summary>
    ViewPublic,
    /// <summary>Ask models.</summary>
    Infer,
    /// <summary>Create resources.</summary>
    Create,
    /// <summary>Change or delete a resource: contributors only their own.</summary>
    Change,
    /// <summary>Own API keys; those of others for admins.</summary>
    Keys,
    /// <summary>Users and what concerns the whole account.</summary>
    Administer,
}

/// <summary>Endpoint metadata.</summary>
internal sealed record RequiredPermission(Permission Permission);

/// <summary>Who may do what, by role.</summary>
internal static class Permissions
{
    public static bool Allows(this UserRole role, Permission permission) => permission switch
    {
        Permission.Create or Permission.Change => role >= UserRole.Contributor,
        Permission.Administer => role == UserRole.Admin,
        _ => true,
    };
}
