using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Does what is due: every second, and at once after a commit that schedules something.</summary>
internal sealed partial class DueService(DueRunner runner, IStore store, ILogger<DueService> logger) : WokenService(store, Poll)
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    protected override bool IsWokenBy(Change change) => change.Due.Count > 0;

    protected override async Task WorkAsync(CancellationToken stoppingToken)
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
