using System.CommandLine;

namespace Hearth.Cli;

/// <summary>Parses, runs and turns every outcome into an exit code and, where something failed, one message on standard error.</summary>
public static class CommandLineHost
{
    /// <summary>Time that a verb has to end after Ctrl-C or SIGTERM; a server stops its workers in it.</summary>
    private static readonly TimeSpan TerminationGrace = TimeSpan.FromSeconds(30);

    public static async Task<int> RunAsync(RootCommand root, IReadOnlyList<string> arguments)
    {
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors) await Console.Error.WriteLineAsync($"hearth: {error.Message}");
            await Console.Error.WriteLineAsync($"hearth: see '{Path(parsed.CommandResult.Command)} --help'");
            return ExitCodes.Usage;
        }
        try
        {
            var configuration = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = TerminationGrace,
            };
            return await parsed.InvokeAsync(configuration);
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
        catch (CliException e)
        {
            return Fail(parsed, e.Message, e.ExitCode);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return Fail(parsed, e.Message, ExitCodes.Failure);
        }
    }

    private static int Fail(ParseResult parsed, string message, int exitCode)
    {
        if (parsed.IsJson()) CommandOutput.WriteJson(new { error = new { message, exitCode } });
        else Console.Error.WriteLine($"hearth: {message}");
        return exitCode;
    }

    private static string Path(Command command)
    {
        var names = new List<string>();
        for (Symbol? symbol = command; symbol is Command; symbol = symbol.Parents.FirstOrDefault()) names.Insert(0, symbol.Name);
        return string.Join(' ', names);
    }
}
