using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>The program as a client of a running server, started as users start it.</summary>
internal static class ClientProgram
{
    /// <summary>What it printed; it must succeed.</summary>
    public static async Task<string> RunAsync(RunningServer server, params string[] arguments)
    {
        var (code, output, errors) = await StartAsync(server, arguments);
        Assert.True(code == 0, $"hearth {string.Join(' ', arguments)}: {errors}{output}");
        return output;
    }

    /// <summary>Its exit code and what it said; it must fail.</summary>
    public static async Task<(int Code, string Errors)> FailAsync(RunningServer server, params string[] arguments)
    {
        var (code, output, errors) = await StartAsync(server, arguments);
        Assert.True(code != 0, output);
        return (code, errors);
    }

    private static async Task<(int Code, string Output, string Errors)> StartAsync(RunningServer server, string[] arguments)
    {
        using var program = RunningServer.Launch([.. arguments, "--url", server.Url.ToString(), "--data-dir", server.DataDirectory]);
        program.StandardInput.Close();
        var (output, errors) = (program.StandardOutput.ReadToEndAsync(), program.StandardError.ReadToEndAsync());
        await program.WaitForExitAsync().WaitAsync(RunningServer.Patience);
        return (program.ExitCode, await output, await errors);
    }
}
