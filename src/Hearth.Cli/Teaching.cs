using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Hearth.Cli;

/// <summary>Help that teaches: after what the options are, what one types.</summary>
public static class Teaching
{
    /// <summary>Adds an "Examples" section to the command's help: a line to type and what it does.</summary>
    public static TCommand WithExamples<TCommand>(this TCommand command, params (string Line, string Meaning)[] examples)
        where TCommand : Command
    {
        var help = command.Options.OfType<HelpOption>().FirstOrDefault();
        if (help is null) command.Add(help = new HelpOption());
        help.Action = new HelpWithExamples(help.Action as HelpAction ?? new HelpAction(), examples);
        return command;
    }

    private sealed class HelpWithExamples(HelpAction inner, (string Line, string Meaning)[] examples) : SynchronousCommandLineAction
    {
        // Who asks for help has no need of the arguments yet.
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var result = inner.Invoke(parseResult);
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var (line, meaning) in examples)
            {
                output.WriteLine($"  {line}");
                output.WriteLine($"      {meaning}");
            }
            output.WriteLine();
            output.WriteLine($"Exit codes: {ExitCodes.Summary}");
            return result;
        }
    }
}
