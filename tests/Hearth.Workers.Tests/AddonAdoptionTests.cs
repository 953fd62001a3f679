using Hearth.ControlPlane;
using Xunit;

namespace Hearth.Workers.Tests;

/// <summary>A running replica takes another set of adapters without a restart.</summary>
public sealed class AddonAdoptionTests
{
    private const string Serve = "serve\nwait";

    [Fact]
    public async Task A_newer_epoch_that_differs_in_adapters_is_taken_over_by_the_running_process()
    {
        await using var node = new ScriptedNode();
        var first = node.Replica(Serve);
        node.Assign(first);
        Assert.Equal("ready 1", await node.NextReportAsync());
        var (socket, worker) = (node.Socket, Assert.Single(node.WorkerIds()));
        node.Assign(With(first, 2, new AddonSpec("m", "/nowhere", "h2")));
        Assert.Equal("ready 2", await node.NextReportAsync());
        node.Assign(With(first, 3));
        Assert.Equal("ready 3", await node.NextReportAsync());
        Assert.Equal((socket, worker), (node.Socket, Assert.Single(node.WorkerIds())));
    }

    [Fact]
    public async Task An_adapter_that_cannot_be_loaded_is_reported_and_the_replica_serves_on()
    {
        await using var node = new ScriptedNode();
        using var gateway = new ReplicaGateway();
        var first = node.Replica(Serve);
        node.Assign(first);
        await node.NextReportAsync();
        var worker = Assert.Single(node.WorkerIds());
        node.Assign(With(first, 2, new AddonSpec("m", "/nowhere", "broken")));
        for (int tries = 0; tries < 3; tries++) Assert.Equal("exited m is broken as asked", await node.NextReportAsync());
        node.Assign(With(first, 3));
        string report;
        while ((report = await node.NextReportAsync()) == "exited m is broken as asked") { }
        Assert.Equal("ready 3", report);
        Assert.Equal(worker, Assert.Single(node.WorkerIds()));
    }

    [Fact]
    public async Task A_process_that_dies_comes_back_with_the_newest_adapters()
    {
        await using var node = new ScriptedNode();
        var first = node.Replica(Serve);
        node.Assign(first);
        await node.NextReportAsync();
        node.Assign(With(first, 2, new AddonSpec("m", "/nowhere", "h2")));
        Assert.Equal("ready 2", await node.NextReportAsync());
        System.Diagnostics.Process.GetProcessById(Assert.Single(node.WorkerIds())).Kill();
        Assert.StartsWith("exited", await node.NextReportAsync());
        Assert.Equal("ready 2", await node.NextReportAsync());
    }

    private static Assignment With(Assignment assignment, long epoch, params AddonSpec[] addons) =>
        assignment with { Epoch = epoch, Replica = assignment.Replica! with { Addons = addons } };
}
