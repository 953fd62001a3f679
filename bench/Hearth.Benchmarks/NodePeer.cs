using System.Diagnostics;

namespace Hearth.Benchmarks;

/// <summary>npm packages of a peer: installed as its package-lock.json says, on first use.</summary>
internal static class NodePeer
{
    /// <param name="folder">The peer's folder.</param>
    /// <param name="command">npm's command and its options.</param>
    /// <exception cref="InvalidOperationException">npm could not install them.</exception>
    /// <exception cref="System.ComponentModel.Win32Exception">There is no npm.</exception>
    public static void Install(string folder, params string[] command)
    {
        string installed = Path.Combine(folder, "node_modules", ".package-lock.json");
        if (File.Exists(installed) && File.GetLastWriteTimeUtc(installed) >= File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json"))) return;
        var start = new ProcessStartInfo("npm", [.. command, "--no-audit", "--no-fund"]) { WorkingDirectory = folder, RedirectStandardOutput = true };
        using var npm = Process.Start(start)!;
        npm.StandardOutput.ReadToEnd();
        npm.WaitForExit();
        if (npm.ExitCode != 0) throw new InvalidOperationException($"npm {command[0]} failed in {folder}; its error is above.");
    }
}
