using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Does what is due: every second, and at once after a commit that schedules something.</summary>
internal sealed partial class DueService(DueRunner runner, IStore store, ILogger<DueService> logger) : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var signal = new SemaphoreSlim(1);
        void OnCommit(Change change)
        {
            if (change.Due.Count > 0) signal.Release();
        }

        store.Committed += OnCommit;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                await RunAsync(stoppingToken);
                await signal.WaitAsync(Poll, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops; what is due waits for the next start.
        }
        finally
        {
            store.Committed -= OnCommit;
        }
    }

    private async Task RunAsync(CancellationToken stoppingToken)
    {
        try
        {
            foreach (var (row, failure) in (await runner.RunAsync(stoppingToken)).Failed) LogHandler(failure, row.Kind, row.Resource);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LogStore(error);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Kind} of {Resource} was due and failed; it is tried again")]
    private partial void LogHandler(Exception error, string kind, string resource);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What is due could not be read; it is tried again")]
    private partial void LogStore(Exception error);
}
