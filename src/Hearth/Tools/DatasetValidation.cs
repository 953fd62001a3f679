using Hearth.Cli;
using Hearth.ControlPlane;

namespace Hearth;

/// <summary>Validates a file with the server's own rules.</summary>
internal static class DatasetValidation
{
    public static Task<int> Run(FileInfo file, bool json, CancellationToken cancellationToken)
    {
        if (!file.Exists) throw new CliException($"There is no file {file.FullName}.", ExitCodes.Usage);
        using var content = file.OpenRead();
        var report = DatasetValidator.Validate(content, file.Name, cancellationToken);
        if (json) CommandOutput.WriteJson(report);
        else Write(report, file.Name);
        return Task.FromResult(report.FaultCount == 0 ? ExitCodes.Success : ExitCodes.Failure);
    }

    private static void Write(DatasetReport report, string name)
    {
        foreach (var fault in report.Faults) Console.Out.WriteLine(fault.Describe(name));
        foreach (var warning in report.Warnings) Console.Out.WriteLine($"warning: {warning}");
        Console.Out.WriteLine($"{name}: {report.Rows} rows ({report.Format}), {report.TrainableRows} to train on, about {report.EstimatedTokens:N0} tokens, {report.FaultCount} faults");
    }
}
