using System.Diagnostics;
using System.Text.Json;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Workers.Tests;

/// <summary>Hostile model files in a process with little memory: every one is refused by name, every valid one loads, and 100 MB are enough, the runtime's own included.</summary>
[Trait("Category", "Fixtures")]
public sealed class MalformedModelTests
{
    private const long MemoryLimit = 100_000_000;
    private const string HeapLimit = "0x2000000"; // 32 MiB: whoever allocates what a file claims dies of it

    private static readonly string Folder = FixtureFolder.Find("gguf/malformed");

    [Fact]
    public void Every_malformed_file_is_refused_by_name_within_a_hundred_megabytes()
    {
        var must = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "expected.json"))).RootElement.EnumerateArray()
            .ToDictionary(entry => entry.GetProperty("file").GetString()!, entry => entry.GetProperty("must").GetString()!);
        Assert.True(must.Count(entry => entry.Value == "refuse") >= 97);
        var lines = OpenAll(must.Keys);
        foreach (var (name, fault) in lines.SkipLast(1).Select(line => line.Split('\t')).Select(parts => (parts[0], parts[1])))
        {
            if (must[name] == "accept") Assert.True(fault == "", $"{name} is valid and was refused: {fault}");
            else if (must[name] == "refuse") Assert.True(fault != "", $"{name} was accepted");
            if (fault == "" || must[name] == "either") continue;
            Assert.True(fault.Contains(' '), $"{name} ended in a {fault}"); // an exception that is no refusal has its type here
            Assert.True(fault.Contains(name, StringComparison.Ordinal), $"{name}: the fault does not name the file: {fault}");
            Assert.True(fault.Split(". ").Length > 1, $"{name}: the fault names no remedy: {fault}");
        }
        Assert.Equal(must.Count + 1, lines.Length);
        Assert.InRange(long.Parse(lines[^1]), 1, MemoryLimit);
    }

    private static string[] OpenAll(IEnumerable<string> names)
    {
        var program = new WorkerProgram("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "Hearth.ScriptedWorker.dll")]);
        var start = program.StartInfo(["open-files", .. names.Select(name => Path.Combine(Folder, name))]);
        start.Environment["DOTNET_GCHeapHardLimit"] = HeapLimit;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromMinutes(1)));
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
