using System.CommandLine;
using Hearth.Workers;

namespace Hearth;

/// <summary>Hidden verbs: the server starts itself with them to run a job or a replica in a process of its own.</summary>
internal static class WorkerVerbs
{
    public static Command CreateTrainer() => Create(
        WorkerProgram.TrainerVerb, "Train one job; started by the server.", (path, token) => TrainerWorker.RunAsync(path, token));

    public static Command CreateReplica() => Create(
        WorkerProgram.ReplicaVerb, "Serve one replica of a deployment; started by the server.", (path, token) => ReplicaWorker.RunAsync(path, token));

    private static Command Create(string name, string description, Func<string, CancellationToken, Task<int>> run)
    {
        var specification = new Argument<FileInfo>("specification") { Description = "What to do, in JSON" };
        var command = new Command(name, description) { specification };
        command.Hidden = true;
        command.SetAction((parsed, cancellationToken) => run(parsed.GetRequiredValue(specification).FullName, cancellationToken));
        return command;
    }
}
