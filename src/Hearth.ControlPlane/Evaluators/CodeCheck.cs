namespace Hearth.ControlPlane;

/// <summary>What a look at an evaluator's code found: every fault, and a log for its owner.</summary>
public sealed record CodeCheck(IReadOnlyList<string> Faults, string Log)
{
    public bool IsGood => Faults.Count == 0;

    /// <summary>Checks the syntax of an entry point.</summary>
    /// <returns>Null where it is right or empty.</returns>
    internal static string? FaultOf(string entryPoint)
    {
        if (entryPoint == "") return null;
        var parts = entryPoint.Split("::");
        return parts.Length == 2 && parts[0].EndsWith(".py", StringComparison.Ordinal) && IsRelative(parts[0]) && IsIdentifier(parts[1])
            ? null
            : $"entryPoint '{entryPoint}' is not of the form path/test_file.py::test_function, relative to the project's root.";
    }

    /// <summary>A path that stays below where it is unpacked, on every system.</summary>
    internal static bool IsRelative(string path) =>
        path.Length > 0 && path[0] != '/' && !path.Contains('\\') && !path.Contains(':') && !path.Contains('\0') && !path.Split('/').Contains("..");

    private static bool IsIdentifier(string text) =>
        text.Length > 0 && !char.IsAsciiDigit(text[0]) && text.All(letter => char.IsLetterOrDigit(letter) || letter == '_');
}
