using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Delivers the outbox: at once after a commit that fills it, and every few seconds for what was postponed.</summary>
internal sealed partial class OutboxService(OutboxHandlers handlers, IStore store, ILogger<OutboxService> logger) : WokenService(store, Poll)
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5);

    protected override bool IsWokenBy(Change change) => change.Outbox.Count > 0;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        handlers.GaveUp += OnDead;
        try
        {
            await base.ExecuteAsync(stoppingToken);
        }
        finally
        {
            handlers.GaveUp -= OnDead;
        }
    }

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await handlers.DeliverAsync(stoppingToken) > 0 && !stoppingToken.IsCancellationRequested)
            {
                // More may be due.
            }
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LogFailed(error);
        }
    }

    private void OnDead(OutboxEntry entry) => LogDead(entry.Id, entry.Kind, entry.Resource, entry.Attempts, entry.Error);

    [LoggerMessage(Level = LogLevel.Error, Message = "Outbox entry {Id} ({Kind} of {Resource}) was given up after {Attempts} attempts: {Error}")]
    private partial void LogDead(long id, string kind, string resource, int attempts, string error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Outbox delivery failed; it is tried again")]
    private partial void LogFailed(Exception error);
}
