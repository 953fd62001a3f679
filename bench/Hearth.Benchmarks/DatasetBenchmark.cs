using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Hearth.ControlPlane;

namespace Hearth.Benchmarks;

/// <summary>
/// Checks of a data set's file: 3 million chat rows in 1 GB, and 3 million batch rows with ids, against a plain read of the same file in the same run. Ours
/// runs in a process of its own, so that its peak memory is its own and its start is in the figure.
/// </summary>
internal static partial class DatasetBenchmark
{
    private const long ChatBytes = 1L << 30;
    private const int Rows = DatasetValidator.MaxRows;
    private const int Rounds = 3;
    private const double MemoryGoal = 200; // MB

    public static void Run(Report report, bool oursOnly)
    {
        var folder = Directory.CreateTempSubdirectory("hearth-bench-dataset-").FullName;
        try
        {
            RequireRoom(folder);
            var machine = new Machine();
            report.Note($"processor: {machine.Processor}, {Environment.ProcessorCount} threads; .NET {Environment.Version}");
            Measure(report, "chat", Write(Path.Combine(folder, "chat.jsonl"), i => ChatRow(i), ChatBytes), oursOnly);
            Measure(report, "batch", Write(Path.Combine(folder, "batch.jsonl"), i => BatchRow(i), long.MaxValue), oursOnly);
            report.Note("cold: the file's pages were dropped from the system's cache before each run; the host below a virtual disk may cache still");
            report.Note("peer: reads of 256 KB into one buffer, one thread");
            report.Note($"others took {machine.TakenByOthers():P0} of the processors' time during this run");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The child's part: checks a file and prints seconds, rows, faults, the peak of the memory in MB and the processors' seconds.</summary>
    public static int Check(string path)
    {
        var start = Stopwatch.GetTimestamp();
        using var file = RowReader.Open(path);
        var report = DatasetValidator.Validate(file, "rows.jsonl", default);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine(FormattableString.Invariant($"{seconds} {report.Rows} {report.FaultCount} {PeakMemory()} {Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds}"));
        return 0;
    }

    private static void Measure(Report report, string name, string path, bool oursOnly)
    {
        var size = new FileInfo(path).Length / 1e6;
        report.Note($"{name}: {size:N0} MB, {Rows:N0} rows of {size * 1e6 / Rows:N0} bytes in the mean");
        var (ours, peer) = (new Best(), new Best());
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var isCold in new[] { true, false })
            {
                if (isCold) Drop(path);
                var child = CheckInChild(path);
                ours.Add(isCold, size / child.Seconds, child.Memory, child.Processors);
                if (oursOnly) continue;
                if (isCold) Drop(path);
                peer.Add(isCold, size / Clock.Time(() => Read(path)));
            }
        }
        report.AddRate($"dataset-{name}-cold", ours.Cold, oursOnly ? double.NaN : peer.Cold, "MB/s", "plain read, cold");
        report.AddRate($"dataset-{name}-warm", ours.Warm, oursOnly ? double.NaN : peer.Warm, "MB/s", "plain read, warm");
        report.Note($"{name}: {ours.Processors:F1} s of processors for the whole process, {size / ours.Processors:N0} MB a processor's second");
        report.AddRate($"dataset-{name}-memory", MemoryGoal - ours.Memory, MemoryGoal, "MB free", $"{MemoryGoal} MB; ours is what stays free of it at the peak of the whole process, {ours.Memory:F0} MB");
    }

    private static (double Seconds, double Memory, double Processors) CheckInChild(string path)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [typeof(DatasetBenchmark).Assembly.Location, "dataset-check", path]) { RedirectStandardOutput = true };
        using var child = Process.Start(start)!;
        var fields = child.StandardOutput.ReadToEnd().Split(' ');
        child.WaitForExit();
        if (child.ExitCode != 0 || fields[1] != $"{Rows}" || fields[2] != "0") throw new InvalidOperationException($"The check went wrong: {string.Join(' ', fields)}");
        return (Number(0), Number(3), Number(4));

        double Number(int field) => double.Parse(fields[field], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static void Read(string path)
    {
        using var file = RowReader.Open(path);
        var buffer = new byte[256 << 10];
        while (file.Read(buffer) > 0)
        {
        }
    }

    private static string Write(string path, Func<int, string> row, long atLeast)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        for (var i = 0; i < Rows; i++) file.Write(Encoding.UTF8.GetBytes(row(i)));
        file.Flush(flushToDisk: true);
        if (atLeast != long.MaxValue && file.Length < atLeast) throw new InvalidOperationException($"The file has {file.Length} bytes, fewer than {atLeast}.");
        return path;
    }

    // Lengths vary, some text is not ASCII, some is escaped.
    private static string ChatRow(int i)
    {
        var question = string.Join(' ', Enumerable.Range(0, 8 + (i % 23)).Select(word => Words[(i + (word * 7)) % Words.Length]));
        var answer = string.Join(' ', Enumerable.Range(0, 10 + (i % 17)).Select(word => Words[((i * 3) + word) % Words.Length]));
        return $$"""{"messages":[{"role":"system","content":"You answer briefly."},{"role":"user","content":"{{i}}: {{question}}?"},{"role":"assistant","content":"{{answer}}.\n{{i * 7L}}"}]}""" + "\n";
    }

    private static string BatchRow(int i) => $$$"""{"custom_id":"request-{{{i}}}","body":{"messages":[{"role":"user","content":"{{{Words[i % Words.Length]}}} {{{i}}}?"}],"max_tokens":16}}""" + "\n";

    private static readonly string[] Words =
        ["apple", "river", "Straße", "counted", "because", "\\\"quoted\\\"", "mountain", "seventeen", "the", "of", "weather", "naïve", "remainder", "ladder", "and", "东京", "window", "harvest", "between", "morning"];

    private static void RequireRoom(string folder)
    {
        const long needed = 4L << 30;
        var free = new DriveInfo(folder).AvailableFreeSpace;
        if (free < needed) throw new IOException($"{folder} has {free >> 20} MB free; the files of this benchmark need {needed >> 20} MB. Set TMPDIR to a folder with room.");
    }

    private static double PeakMemory()
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) / 1000;
    }

    private static void Drop(string path)
    {
        const int dontNeed = 4;
        using var file = File.OpenHandle(path);
        if (Advise((int)file.DangerousGetHandle(), 0, 0, dontNeed) != 0) throw new IOException("The file's pages could not be dropped from the cache.");
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(int file, long offset, long length, int advice);

    private sealed class Best
    {
        public double Cold { get; private set; }
        public double Warm { get; private set; }
        public double Memory { get; private set; }

        /// <summary>Seconds of all processors, start and compilation included: what a busy machine does not change much.</summary>
        public double Processors { get; private set; } = double.PositiveInfinity;

        public void Add(bool isCold, double rate, double memory = 0, double processors = double.PositiveInfinity)
        {
            Processors = Math.Min(Processors, processors);
            if (isCold) Cold = Math.Max(Cold, rate);
            else Warm = Math.Max(Warm, rate);
            Memory = Math.Max(Memory, memory);
        }
    }
}
