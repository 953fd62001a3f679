using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Hearth.ControlPlane;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary>The real program with a crash point armed: it may end at any moment, before it is ready too.</summary>
public sealed class CrashingServer : IAsyncDisposable
{
    private readonly Process process;
    private readonly Task<string> errors;
    private readonly string ready;

    /// <param name="crashAt"><c>NAME:COUNT</c>, or null.</param>
    public CrashingServer(string folder, string? crashAt)
    {
        ready = Path.Combine(folder, "ready.json");
        File.Delete(ready);
        var start = new ProcessStartInfo("dotnet",
            ["exec", Path.Combine(AppContext.BaseDirectory, "hearth.dll"), "serve", "--port", "0", "--data-dir", Path.Combine(folder, "data"), "--ready-file", ready])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[CrashPoint.Variable] = crashAt;
        start.Environment["HEARTH_SWEEP_HOURS"] = "0";
        process = Process.Start(start)!;
        process.BeginOutputReadLine();
        errors = process.StandardError.ReadToEndAsync();
    }

    public bool HasEnded => process.HasExited;

    /// <summary>A client of the account, or null where the server ended before it was ready.</summary>
    public async Task<HttpClient?> ConnectAsync()
    {
        await RunningServer.UntilAsync(() => File.Exists(ready) || process.HasExited, "the server to be ready or to end");
        if (!File.Exists(ready)) return null;
        using var file = JsonDocument.Parse(await File.ReadAllBytesAsync(ready));
        var http = new HttpClient { BaseAddress = new Uri(file.RootElement.GetProperty("url").GetString() + "/v1/accounts/local/"), Timeout = TimeSpan.FromSeconds(30) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", file.RootElement.GetProperty("adminKey").GetString());
        return http;
    }

    /// <summary>Waits for the server to be gone; one that did not come to its crash point is killed. Returns the point, or null.</summary>
    public async Task<string?> EndAsync(bool kill)
    {
        if (kill && !process.HasExited) process.Kill();
        await process.WaitForExitAsync().WaitAsync(RunningServer.Patience);
        var text = await errors;
        const string sign = "crash point ";
        var at = text.IndexOf(sign, StringComparison.Ordinal);
        if (at >= 0) return text[(at + sign.Length)..].Split('\n')[0].Trim();
        Assert.True(kill, $"The server ended by itself:\n{text}");
        return null;
    }

    /// <summary>Ends it as an operator would.</summary>
    public async Task StopAsync()
    {
        using var terminate = Process.Start("kill", ["-TERM", process.Id.ToString()]);
        await terminate.WaitForExitAsync();
        await process.WaitForExitAsync().WaitAsync(RunningServer.Patience);
        Assert.True(process.ExitCode == 0, await errors);
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
        process.Dispose();
    }

    public static HttpContent Json(object body) => new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
}
