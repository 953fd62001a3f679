using System.Diagnostics;
using System.Text;
using Hearth.ControlPlane;
using Hearth.Inference;
using Xunit;

namespace Hearth.Workers.Tests;

/// <summary>Replica processes and the gateway to them, with processes that follow a script and echo their prompts.</summary>
public sealed class ReplicaSupervisionTests
{
    private const string Serve = "serve\nwait";

    [Fact]
    public async Task A_generation_streams_through_the_socket()
    {
        await using var node = new ScriptedNode();
        using var gateway = new ReplicaGateway();
        node.Assign(node.Replica(Serve));
        Assert.Equal("ready 1", await node.NextReportAsync());
        var events = await CollectAsync(gateway, node.Socket, "three small words");
        Assert.Equal(["three", "small", "words", ""], events.Select(e => e.Text));
        Assert.Equal(new GenerationUsage(1, 2, 0), events[^1].Usage);
    }

    [Fact]
    public async Task What_the_engine_does_is_reported_while_it_serves()
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Replica("serve\nfigures 3\nfigures 5\nwait"));
        Assert.Equal("ready 1", await node.NextReportAsync());
        Assert.Equal("figures 3", await node.NextReportAsync());
        Assert.Equal("figures 5", await node.NextReportAsync());
    }

    [Theory]
    [InlineData(GenerationFault.InvalidArgument, "INVALID_ARGUMENT")]
    [InlineData(GenerationFault.ContextLengthExceeded, "INVALID_ARGUMENT")]
    [InlineData(GenerationFault.Overloaded, "RESOURCE_EXHAUSTED")]
    [InlineData(GenerationFault.WaitedTooLong, "UNAVAILABLE")]
    [InlineData(GenerationFault.EngineStopped, "UNAVAILABLE")]
    [InlineData(GenerationFault.StepFailed, "INTERNAL")]
    [InlineData(GenerationFault.NotFinite, "INTERNAL")]
    public void Each_fault_of_the_engine_has_its_code(GenerationFault fault, string code)
    {
        var refusal = ReplicaFaults.Of(new(fault, "why"));
        Assert.Equal((code, "why"), (refusal.Code, refusal.Message));
    }

    [Fact]
    public async Task A_refusal_keeps_its_code_and_message()
    {
        await using var node = new ScriptedNode();
        using var gateway = new ReplicaGateway();
        node.Assign(node.Replica(Serve));
        await node.NextReportAsync();
        var refusal = await Assert.ThrowsAsync<ReplicaRequestException>(() => CollectAsync(gateway, node.Socket, "refuse"));
        Assert.Equal(("INVALID_ARGUMENT", "refused as asked"), (refusal.Code, refusal.Message));
        var fault = await Assert.ThrowsAsync<ReplicaRequestException>(() => CollectAsync(gateway, node.Socket, "break"));
        Assert.Equal("INTERNAL", fault.Code);
    }

    [Fact]
    public async Task A_replica_that_dies_in_an_answer_is_reported_lost_and_started_again()
    {
        await using var node = new ScriptedNode();
        using var gateway = new ReplicaGateway();
        node.Assign(node.Replica(Serve));
        await node.NextReportAsync();
        await Assert.ThrowsAsync<ReplicaLostException>(() => CollectAsync(gateway, node.Socket, "now die please"));
        Assert.StartsWith("exited The replica process ended with exit code 7.", await node.NextReportAsync());
        Assert.Equal("ready 1", await node.NextReportAsync());
        Assert.Equal(3, (await CollectAsync(gateway, node.Socket, "back again")).Count);
    }

    [Fact]
    public async Task A_killed_replica_is_started_again()
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Replica(Serve));
        await node.NextReportAsync();
        Process.GetProcessById(Assert.Single(node.WorkerIds())).Kill();
        Assert.StartsWith("exited The replica process was ended by signal 9", await node.NextReportAsync());
        Assert.Equal("ready 1", await node.NextReportAsync());
    }

    [Fact]
    public async Task A_replica_that_does_not_come_up_is_tried_again()
    {
        await using var node = new ScriptedNode();
        node.Assign(node.Replica("die-once\n" + Serve));
        Assert.StartsWith("exited The replica process ended with exit code 3.", await node.NextReportAsync());
        Assert.Equal("ready 1", await node.NextReportAsync());
    }

    [Fact]
    public async Task A_client_that_leaves_frees_its_generation()
    {
        await using var node = new ScriptedNode();
        using var gateway = new ReplicaGateway();
        node.Assign(node.Replica(Serve));
        await node.NextReportAsync();
        await foreach (var generated in gateway.GenerateAsync(node.Socket, Request("wait"), CancellationToken.None))
        {
            Assert.Equal("wait", generated.Text);
            break;
        }
        await ScriptedNode.AppearsAsync(node.ScriptPath("d1") + ".cancelled");
    }

    [Fact]
    public async Task A_newer_epoch_serves_before_the_older_one_ends()
    {
        await using var node = new ScriptedNode();
        using var gateway = new ReplicaGateway();
        node.Assign(node.Replica(Serve, epoch: 1));
        Assert.Equal("ready 1", await node.NextReportAsync());
        var (olderSocket, older) = (node.Socket, Assert.Single(node.WorkerIds()));
        node.Assign(node.Replica("wait", epoch: 2));
        await ScriptedNode.AppearsAsync(node.ScriptPath("d2"));
        Assert.Equal(3, (await CollectAsync(gateway, olderSocket, "still here")).Count);
        node.Assign(node.Replica(Serve, epoch: 3));
        Assert.Equal("ready 3", await node.NextReportAsync());
        await ScriptedNode.GoneAsync(older);
        Assert.Equal(3, (await CollectAsync(gateway, node.Socket, "and now")).Count);
    }

    [Fact]
    public async Task A_socket_that_nobody_answers_is_a_lost_replica()
    {
        using var gateway = new ReplicaGateway();
        await Assert.ThrowsAsync<ReplicaLostException>(() => CollectAsync(gateway, "/tmp/hearth-nobody.sock", "hello"));
    }

    [Fact]
    public void Sockets_of_a_deep_data_directory_lie_elsewhere_because_their_paths_are_limited()
    {
        var deep = Path.Combine(Path.GetTempPath(), new string('d', 90));
        var options = NodeAgentOptions.ForDataDirectory(deep);
        Assert.True(Encoding.UTF8.GetByteCount(Path.Combine(options.RunDirectory, "0123456789abcdef.sock")) <= NodeAgentOptions.LongestSocketPath);
        Directory.Delete(options.RunDirectory);
    }

    private static GenerationRequest Request(string prompt) => new() { RequestId = "r", Prompt = prompt };

    private static async Task<List<GenerationEvent>> CollectAsync(ReplicaGateway gateway, string socket, string prompt)
    {
        using var patience = new CancellationTokenSource(ScriptedNode.Patience);
        var events = new List<GenerationEvent>();
        await foreach (var generated in gateway.GenerateAsync(socket, Request(prompt), patience.Token)) events.Add(generated);
        return events;
    }
}
