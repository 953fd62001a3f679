namespace Hearth.Cli;

/// <summary>Where a server on this machine keeps its data unless told otherwise.</summary>
public static class DataDirectory
{
    /// <summary>File with the admin key, readable by its owner only.</summary>
    public const string CredentialsFile = "credentials";

    public static string Default => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "hearth");
}
