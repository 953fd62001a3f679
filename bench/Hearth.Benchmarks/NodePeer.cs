using System.Diagnostics;

namespace Hearth.Benchmarks;

/// <summary>npm packages of a peer: installed as its package-lock.json says, on first use.</summary>
internal static class NodePeer
{
    public static void Install(string folder)
    {
        string installed = Path.Combine(folder, "node_modules", ".package-lock.json");
        if (File.Exists(installed) && File.GetLastWriteTimeUtc(installed) >= File.GetLastWriteTimeUtc(Path.Combine(folder, "package-lock.json"))) return;
        var start = new ProcessStartInfo("npm", ["ci", "--no-audit", "--no-fund"]) { WorkingDirectory = folder, RedirectStandardOutput = true };
        using var npm = Process.Start(start)!;
        npm.StandardOutput.ReadToEnd();
        npm.WaitForExit();
        if (npm.ExitCode != 0) throw new InvalidOperationException($"npm ci failed in {folder}; its error is above.");
    }
}
