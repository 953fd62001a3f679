using System.CommandLine;
using System.Text.Json;
using Hearth.Client;

namespace Hearth.Cli;

/// <summary>How client verbs find their server: <c>--url</c>, <c>--account</c>, <c>--api-key</c>, or their environment variables, or this machine's own server.</summary>
public sealed class ServerOptions
{
    private readonly Option<string?> url = new("--url") { Description = "Server; else $HEARTH_URL, else http://localhost:8080" };
    private readonly Option<string?> account = new("--account") { Description = "Account; else $HEARTH_ACCOUNT, else local" };
    private readonly Option<string?> key = new("--api-key") { Description = "API key; else $HEARTH_API_KEY, else the key in the data directory's file credentials" };
    private readonly Option<DirectoryInfo?> data = new("--data-dir") { Description = "Data directory of this machine's server, to read its key from" };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(url);
        command.Add(account);
        command.Add(key);
        command.Add(data);
    }

    /// <exception cref="CliException">No key is given and none lies in the data directory.</exception>
    public HearthClient Connect(ParseResult parsed) => new(
        UrlOf(parsed),
        Given(parsed, account, "HEARTH_ACCOUNT") ?? "local",
        Given(parsed, key, "HEARTH_API_KEY") ?? KeyOfThisMachine(parsed.GetValue(data)?.FullName ?? DataDirectory.Default));

    /// <summary>The server that the command line, or else the environment, names.</summary>
    public string UrlOf(ParseResult parsed) => Given(parsed, url, "HEARTH_URL") ?? "http://localhost:8080";

    private static string? Given(ParseResult parsed, Option<string?> option, string variable) =>
        parsed.GetValue(option) ?? (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null);

    private static string KeyOfThisMachine(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, DataDirectory.CredentialsFile);
        if (!File.Exists(path))
            throw new CliException($"No API key: set HEARTH_API_KEY or give --api-key, or --data-dir of a server on this machine (there is no {path}).", ExitCodes.Usage);
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.GetProperty("adminKey").GetString()
            ?? throw new CliException($"{path} has no adminKey. Give --api-key.", ExitCodes.Usage);
    }
}
