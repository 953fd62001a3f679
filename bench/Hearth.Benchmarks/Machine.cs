using System.Runtime.InteropServices;
using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>What the figures depend on: processor, peaks measured in the same run, and what others took of the machine meanwhile.</summary>
internal sealed class Machine
{
    private readonly (long Busy, long Total) _start = SystemTicks();
    private readonly TimeSpan _ownStart = OwnTime();

    public string Processor { get; } = File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name"))?.Split(':')[1].Trim() + Model() ?? "unknown"
        : RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>Share of all processors' time, since this object was made, that neither this process nor its children used.</summary>
    public double TakenByOthers()
    {
        var (busy, total) = SystemTicks();
        double ticks = (OwnTime() - _ownStart).TotalSeconds * 100; // USER_HZ
        return total == _start.Total ? 0 : Math.Max(0, (busy - _start.Busy - ticks) / (total - _start.Total));
    }

    /// <summary>Writes the processor and its peaks.</summary>
    public void Describe(Report report, Peaks peaks)
    {
        report.Note($"processor: {Processor}, {Environment.ProcessorCount} threads; .NET {Environment.Version}; instruction set {Simd.Level} (widest {Simd.Widest})");
        report.Note($"multiply-add peak: {peaks.One / 1e9:F0} GFLOP/s on 1 thread, {peaks.Two / 1e9:F0} on 2; memory read: {peaks.ReadOne / 1e9:F1} GB/s on 1 thread, {peaks.ReadTwo / 1e9:F1} on 2");
    }

    /// <summary>Best of a few short measurements.</summary>
    public static Peaks MeasurePeaks()
    {
        using var one = new ComputePool(1);
        using var two = new ComputePool(2);
        using var block = ReadBandwidth.Allocate();
        var peaks = new Peaks();
        for (int round = 0; round < 12; round++)
        {
            peaks.One = Math.Max(peaks.One, FmaPeak.Measure(one, Simd.Level));
            peaks.Two = Math.Max(peaks.Two, FmaPeak.Measure(two, Simd.Level));
            peaks.ReadOne = Math.Max(peaks.ReadOne, ReadBandwidth.Measure(one, block));
            peaks.ReadTwo = Math.Max(peaks.ReadTwo, ReadBandwidth.Measure(two, block));
        }
        return peaks;
    }

    private static string Model()
    {
        string[] lines = [.. File.ReadLines("/proc/cpuinfo").TakeWhile(line => line.Length > 0)];
        string Field(string name) => lines.FirstOrDefault(line => line.StartsWith(name + "\t"))?.Split(':')[1].Trim() ?? "?";
        return $" (family {Field("cpu family")} model {Field("model")})";
    }

    private static (long Busy, long Total) SystemTicks()
    {
        if (!File.Exists("/proc/stat")) return default;
        long[] ticks = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(long.Parse)];
        return (ticks.Sum() - ticks[3] - ticks[4], ticks.Sum());
    }

    // This process and its children: utime, stime, cutime and cstime only count ended children, so children are read one by one.
    private static TimeSpan OwnTime()
    {
        double ticks = 0;
        if (!Directory.Exists("/proc/self")) return TimeSpan.Zero;
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out int id)) continue;
            try
            {
                string stat = File.ReadAllText(Path.Combine(folder, "stat"));
                string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                if (id == Environment.ProcessId || int.Parse(fields[1]) == Environment.ProcessId) ticks += fields.Skip(11).Take(4).Sum(double.Parse);
            }
            catch (IOException)
            {
                // The process ended meanwhile.
            }
        }
        return TimeSpan.FromSeconds(ticks / 100);
    }
}

/// <summary>Operations and bytes a second.</summary>
internal sealed class Peaks
{
    public double One { get; set; }
    public double Two { get; set; }
    public double ReadOne { get; set; }
    public double ReadTwo { get; set; }
}
