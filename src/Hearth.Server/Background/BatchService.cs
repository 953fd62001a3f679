using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>Runs the batch jobs for as long as the server runs.</summary>
internal sealed partial class BatchService(BatchRunner runner, ILogger<BatchService> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => runner.RunAsync((job, fault) => LogFault(job.Value, fault), stoppingToken);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Batch job {Job} met a fault")]
    private partial void LogFault(string job, Exception fault);
}
