using System.Text;

namespace Hearth.Workers;

/// <summary>The worker's side of its two pipes: messages out, end-of-file in.</summary>
public sealed class WorkerChannel : IDisposable
{
    /// <summary>A worker that has not ended this long after its server closed the pipe ends by force.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(8);

    private readonly StreamWriter output;
    private readonly CancellationTokenSource closed = new();
    private readonly WorkerLease lease = new();

    private WorkerChannel(Stream output) => this.output = new StreamWriter(output, new UTF8Encoding(false)) { AutoFlush = true };

    /// <summary>Takes standard output for messages (what libraries write goes to standard error) and watches standard input.</summary>
    public static WorkerChannel Open()
    {
        OomScore.Raise();
        var channel = new WorkerChannel(Console.OpenStandardOutput());
        Console.SetOut(Console.Error);
        new Thread(channel.WatchControlPipe) { IsBackground = true, Name = "control pipe" }.Start();
        return channel;
    }

    /// <summary>Cancelled when the control pipe is at its end: the server wants this worker to end, or died (rule R6).</summary>
    public CancellationToken Closed => closed.Token;

    /// <summary>Sends a message. A server that is gone is no error: the control pipe ends this process.</summary>
    public void Send(WorkerMessage message)
    {
        lock (output)
        {
            try
            {
                output.WriteLine(message.ToLine());
            }
            catch (IOException)
            {
                // Broken pipe.
            }
        }
    }

    public void Dispose() => closed.Dispose();

    private void WatchControlPipe()
    {
        using var input = Console.OpenStandardInput();
        Span<byte> buffer = stackalloc byte[64];
        while (input.Read(buffer) is > 0 and var read) lease.Extend(TimeSpan.FromSeconds(buffer[read - 1]));
        try
        {
            closed.Cancel();
        }
        catch (ObjectDisposedException)
        {
            return; // The worker is ending by itself.
        }
        // Compute threads that do not look at the token must not keep a process alive that nobody owns.
        Thread.Sleep(Grace);
        using var self = System.Diagnostics.Process.GetCurrentProcess();
        self.Kill();
    }
}
