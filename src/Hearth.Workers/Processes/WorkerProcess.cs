using System.Diagnostics;
using System.Threading.Channels;

namespace Hearth.Workers;

/// <summary>A running worker, seen from the server: its messages, its log, its end.</summary>
/// <remarks>
/// The worker's standard input is the control pipe (rule R6): when it closes, because the server closed it or because the server
/// died, the worker ends. The only thing written to it is that the node's lease holds (rule R5). Both outputs are read on threads of their own: reads of
/// anonymous pipes block, and the thread pool must not pay for that.
/// </remarks>
public sealed class WorkerProcess : IDisposable
{
    private readonly Process process;
    private readonly LogTail log;
    private readonly Channel<WorkerMessage> messages =
        Channel.CreateUnbounded<WorkerMessage>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private readonly TaskCompletionSource<WorkerExit> exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int stopping;

    private WorkerProcess(Process process, LogTail log)
    {
        this.process = process;
        this.log = log;
    }

    /// <summary>Starts a worker. <paramref name="logPath"/>: file that its standard error is appended to, or null.</summary>
    public static WorkerProcess Start(WorkerProgram program, IEnumerable<string> arguments, string? logPath = null)
    {
        var process = Process.Start(program.StartInfo(arguments))
            ?? throw new InvalidOperationException($"The program {program.Executable} did not start.");
        var worker = new WorkerProcess(process, new LogTail(logPath));
        var errors = StartThread("worker log", worker.ReadLog);
        StartThread("worker messages", () => worker.ReadMessages(errors));
        return worker;
    }

    public int Id => process.Id;

    /// <summary>The worker's messages in order; ends when its standard output does.</summary>
    public IAsyncEnumerable<WorkerMessage> ReadMessagesAsync(CancellationToken cancellationToken = default) =>
        messages.Reader.ReadAllAsync(cancellationToken);

    /// <summary>Completes when the process has ended and all it wrote has been read.</summary>
    public Task<WorkerExit> Exited => exited.Task;

    /// <summary>Closes the control pipe and kills the process if it is still there after <paramref name="grace"/>.</summary>
    public async Task<WorkerExit> StopAsync(TimeSpan grace)
    {
        if (Interlocked.Exchange(ref stopping, 1) == 0) CloseControlPipe();
        try
        {
            return await Exited.WaitAsync(grace);
        }
        catch (TimeoutException)
        {
            Kill();
            return await Exited;
        }
    }

    /// <summary>Tells the worker that it may go on for so long, in whole seconds up to 255. One that was told so once and hears nothing more ends by itself.</summary>
    public void Allow(TimeSpan time)
    {
        try
        {
            process.StandardInput.BaseStream.WriteByte((byte)time.TotalSeconds);
            process.StandardInput.BaseStream.Flush();
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            // The worker has ended, or was asked to.
        }
    }

    /// <summary>Ends the process at once.</summary>
    public void Kill()
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }
    }

    public void Dispose()
    {
        if (!exited.Task.IsCompleted) Kill();
        // The reading threads still hold the process's streams until it has ended.
        _ = exited.Task.ContinueWith(_ => process.Dispose(), TaskScheduler.Default);
    }

    private void CloseControlPipe()
    {
        try
        {
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The reader is gone: so is the worker.
        }
    }

    private static Thread StartThread(string name, Action body)
    {
        var thread = new Thread(() => body()) { IsBackground = true, Name = name };
        thread.Start();
        return thread;
    }

    private void ReadLog()
    {
        while (process.StandardError.ReadLine() is { } line) log.Add(line);
    }

    private void ReadMessages(Thread errors)
    {
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (WorkerMessage.TryParse(line, out var message)) messages.Writer.TryWrite(message);
            else log.Add(line);
        }
        errors.Join();
        process.WaitForExit();
        log.Dispose();
        // First the exit, then the end of the messages: who has read them all finds the exit there.
        exited.SetResult(new WorkerExit(process.ExitCode, log.Lines));
        messages.Writer.Complete();
    }
}
