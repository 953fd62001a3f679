using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Hearth.Workers;

/// <summary>
/// The worker's own end when its node is cut off (rule R5): a server that is paused or has lost its store renews nothing, and after that time another may
/// run the same job. The time is monotonic, so a worker that was paused itself ends as soon as it wakes.
/// </summary>
internal sealed class WorkerLease
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly Stopwatch clock = Stopwatch.StartNew();
    private long endsAt = long.MaxValue; // milliseconds of the clock
    private bool isWatched;

    /// <summary>Allows the process to go on for so long from now. Called by one thread.</summary>
    public void Extend(TimeSpan time)
    {
        Interlocked.Exchange(ref endsAt, clock.ElapsedMilliseconds + (long)time.TotalMilliseconds);
        if (isWatched) return;
        isWatched = true;
        new Thread(Watch) { IsBackground = true, Name = "lease" }.Start();
    }

    private void Watch()
    {
        while (clock.ElapsedMilliseconds < Interlocked.Read(ref endsAt)) Thread.Sleep(Look);
        Console.Error.WriteLine("The node's lease was not renewed: this worker ends, so that it writes nothing while another may.");
        if (!OperatingSystem.IsWindows()) _exit(WorkerExit.LeaseLost); // at once: nothing of this process runs any more
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }

#pragma warning disable SYSLIB1054, IDE1006 // one plain call; the name is libc's
    [DllImport("libc")]
    private static extern void _exit(int code);
#pragma warning restore SYSLIB1054, IDE1006
}
