using System.Net.Http.Json;
using System.Text.Json;
using Xunit;

namespace Hearth.EndToEnd.Tests;

/// <summary><c>hearth keys rotate</c> with the real program: refused beside a server, then the next start opens what was sealed before.</summary>
public sealed class KeysVerbTests
{
    [Fact]
    public async Task A_rotated_key_serves_the_secrets_of_the_old_one()
    {
        var folder = Directory.CreateTempSubdirectory("hearth-e2e-").FullName;
        var (data, master) = (Path.Combine(folder, "data"), Path.Combine(folder, "data", "keys", "master"));
        string before;
        await using (var server = await RunningServer.StartAsync(folder))
        {
            await SendAsync(server, HttpMethod.Post, "secrets", new { name = "one", value = "v" });
            Assert.Contains($"pid {server.ProcessId}", await RunAsync(3, "keys", "rotate", "--data-dir", data));
            before = File.ReadAllText(master);
        }
        using var rotated = JsonDocument.Parse(await RunAsync(0, "keys", "rotate", "--data-dir", data, "--output", "json"));
        Assert.Equal(1, rotated.RootElement.GetProperty("dataKeys").GetInt32());
        Assert.NotEqual(before, File.ReadAllText(master));
        await using (var again = await RunningServer.StartAsync(folder)) await SendAsync(again, HttpMethod.Patch, "secrets/one", new { value = "w" });
        File.WriteAllText(master, before);
        Assert.Contains("does not open", await RunAsync(3, "serve", "--port", "0", "--data-dir", data));
        Directory.Delete(folder, recursive: true);
    }

    private static async Task SendAsync(RunningServer server, HttpMethod method, string address, object body)
    {
        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new("Bearer", server.AdminKey) } };
        using var message = new HttpRequestMessage(method, new Uri(server.Url, $"/v1/accounts/local/{address}")) { Content = JsonContent.Create(body) };
        using var answer = await http.SendAsync(message);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<string> RunAsync(int code, params string[] arguments)
    {
        using var program = RunningServer.Launch(arguments);
        program.StandardInput.Close();
        var errors = program.StandardError.ReadToEndAsync();
        var output = await program.StandardOutput.ReadToEndAsync();
        await program.WaitForExitAsync().WaitAsync(RunningServer.Patience);
        Assert.True(program.ExitCode == code, $"hearth {string.Join(' ', arguments)} ended with {program.ExitCode}: {await errors}{output}");
        return output + await errors;
    }
}
