namespace Hearth.Cli;

/// <summary>Where a server on this machine keeps its data unless told otherwise: <c>HEARTH_HOME</c>, else <c>~/.hearth</c>.</summary>
public static class DataDirectory
{
    /// <summary>File with the admin key, readable by its owner only.</summary>
    public const string CredentialsFile = "credentials";

    private const string HomeVariable = "HEARTH_HOME";

    public static string Default => Environment.GetEnvironmentVariable(HomeVariable) is { Length: > 0 } home
        ? home
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".hearth");
}
