namespace Hearth.Workers;

/// <summary>Offers this process to the kernel before the server, where memory runs out.</summary>
internal static class OomScore
{
    /// <summary>Half-way to "always first" (1000): any worker goes before any server, and sizes still decide among workers.</summary>
    private const string Adjustment = "500";

    public static void Raise()
    {
        try
        {
            File.WriteAllText("/proc/self/oom_score_adj", Adjustment);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not Linux, or a container that forbids it: the kernel then decides by size alone.
        }
    }
}
