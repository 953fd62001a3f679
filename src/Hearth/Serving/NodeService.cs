using Hearth.ControlPlane;
using Hearth.Models;
using Hearth.Workers;
using Microsoft.Extensions.Hosting;

namespace Hearth;

/// <summary>Runs this machine's node agent for as long as the server runs.</summary>
internal sealed class NodeService(IAssignments assignments, INodeReports reports, INodeLease lease, NodeAgentOptions options, TimeProvider clock)
    : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var program = WorkerProgram.Current(typeof(NodeService).Assembly.Location) with { DataDirectory = options.DataDirectory };
        if (options.DataDirectory is { } data) new PackedStore(PackedStore.FolderBelow(data), clock).Sweep();
        return new NodeAgent(assignments, reports, program, options, clock, lease).RunAsync(stoppingToken);
    }
}
