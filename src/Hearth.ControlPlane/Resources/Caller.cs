namespace Hearth.ControlPlane;

/// <summary>Who asks. <paramref name="Email"/> becomes <c>createdBy</c>.</summary>
public sealed record Caller(string Account, string User, string Email, UserRole Role, string KeyId)
{
    /// <summary>The server itself, at start-up and in its own verbs.</summary>
    public static Caller System { get; } = new("fireworks", "system", "system@localhost", UserRole.Admin, "");
}

/// <summary>Roles, weakest first.</summary>
public enum UserRole { InferenceUser, Contributor, User, Admin }
