using System.CommandLine;
using Hearth;
using Hearth.Cli;

// The composition root of every process of Hearth: server, workers, tools and client are verbs of one program (decision D6).
// A verb's work stands in a class of its own, so that only the assemblies of the verb that runs are loaded (docs/runtime.md).
var root = new RootCommand("Hearth: fine-tune, evaluate and serve open language models on your own machines.")
{
    CommandOutput.Option,
    DemoVerb.Create(),
    ServeVerb.Create(),
    TrainCommand.Create(),
    DeployCommand.Create(),
    ChatCommand.Create(),
    ModelsCommand.Create(),
    DatasetsVerb.Create(),
    BatchCommand.Create(),
    KeysVerb.Create(),
    BackupVerbs.CreateBackup(),
    BackupVerbs.CreateRestore(),
    TokenizeVerb.Create(),
    PretrainVerb.Create(),
    ExamVerb.Create(),
    WorkerVerbs.CreateTrainer(),
    WorkerVerbs.CreateReplica(),
};
root.WithExamples(
    ("hearth demo", "the whole path in two minutes: serve, fine-tune, deploy, ask, compare"),
    ("hearth serve --data-dir ~/hearth", "a server on this machine that keeps its data in ~/hearth"));
return await CommandLineHost.RunAsync(root, args);
