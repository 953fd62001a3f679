using System.Diagnostics;

namespace Hearth.Workers;

/// <summary>How to start a worker: the same program as the server, with a hidden verb (decision D6).</summary>
/// <param name="Executable">The host, <c>dotnet</c>, or the program's own executable.</param>
/// <param name="LeadingArguments">What stands before the verb: for <c>dotnet</c>, the path of <c>hearth.dll</c>.</param>
public sealed record WorkerProgram(string Executable, IReadOnlyList<string> LeadingArguments)
{
    /// <summary>Verb of a trainer process; followed by the path of a <c>TrainerSpec</c> in JSON.</summary>
    public const string TrainerVerb = "worker-trainer";
    /// <summary>Verb of a replica process; followed by the path of a <see cref="ReplicaLaunch"/> in JSON.</summary>
    public const string ReplicaVerb = "worker-replica";

    /// <summary>One binary has one runtimeconfig, so what is right for a worker is set by its environment (docs/runtime.md).</summary>
    private static readonly (string Name, string Value)[] RuntimeSettings =
    [
        ("DOTNET_gcServer", "0"),
        ("DOTNET_gcConcurrent", "0"),
        ("DOTNET_TieredPGO", "0"),
        ("DOTNET_TC_QuickJitForLoops", "0"),
    ];

    /// <summary>The server's data directory, which the worker takes for its own: packed weights lie there. Null: what its environment says.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>The program that runs now.</summary>
    public static WorkerProgram Current(string assemblyPath) => Of(Environment.ProcessPath, assemblyPath);

    /// <param name="processPath">The running process: <c>dotnet</c> with the assembly as an argument, or the program's own executable.</param>
    /// <param name="assemblyPath">Path of <c>hearth.dll</c>; empty in a program of one file.</param>
    public static WorkerProgram Of(string? processPath, string assemblyPath) =>
        processPath is null || Path.GetFileNameWithoutExtension(processPath) == "dotnet" ? new(processPath ?? "dotnet", ["exec", assemblyPath]) : new(processPath, []);

    /// <summary>Start information with all three standard streams redirected and the worker's runtime settings.</summary>
    public ProcessStartInfo StartInfo(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Executable)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in LeadingArguments.Concat(arguments)) start.ArgumentList.Add(argument);
        foreach (var (name, value) in RuntimeSettings) start.Environment[name] = value;
        if (DataDirectory is not null) start.Environment["HEARTH_HOME"] = DataDirectory;
        return start;
    }
}
