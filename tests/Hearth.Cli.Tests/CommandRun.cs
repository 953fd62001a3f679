using System.CommandLine;
using Xunit;

namespace Hearth.Cli.Tests;

/// <summary>The console is everybody's: tests that take it run one at a time.</summary>
[CollectionDefinition(nameof(ConsoleTests), DisableParallelization = true)]
public sealed class ConsoleTests;

/// <summary>Runs a command line in this process and keeps what it printed.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Errors)
{
    public static async Task<CommandRun> OfAsync(params string[] arguments)
    {
        var root = new RootCommand("test")
        {
            CommandOutput.Option, ChatCommand.Create(), TrainCommand.Create(), DeployCommand.Create(), ModelsCommand.Create(), BatchCommand.Create(), Failing(),
        };
        var (output, errors) = (new StringWriter(), new StringWriter());
        var (previousOutput, previousErrors) = (Console.Out, Console.Error);
        try
        {
            Console.SetOut(output);
            Console.SetError(errors);
            return new CommandRun(await CommandLineHost.RunAsync(root, arguments), output.ToString(), errors.ToString());
        }
        finally
        {
            Console.SetOut(previousOutput);
            Console.SetError(previousErrors);
        }
    }

    private static Command Failing()
    {
        var command = new Command("fail", "Fails as asked.");
        command.SetAction((_, _) => Task.FromException<int>(new CliException("It did not work.", ExitCodes.Unavailable)));
        return command;
    }
}
