using System.CommandLine;
using Hearth.Cli;

namespace Hearth;

/// <summary><c>hearth serve</c>.</summary>
internal static class ServeVerb
{
    public static Command Create()
    {
        var host = new Option<string>("--host")
        {
            Description = "Address to listen on. Beyond loopback, keys and prompts travel in clear text: put TLS in front",
            DefaultValueFactory = _ => "127.0.0.1",
        };
        var port = new Option<int>("--port") { Description = "Port; 0 takes a free one", DefaultValueFactory = _ => ServeOptions.DefaultPort };
        var data = new Option<DirectoryInfo>("--data-dir")
        {
            Description = "Folder that holds everything the server keeps; one server a folder",
            DefaultValueFactory = _ => new DirectoryInfo(DataDirectory.Default),
        };
        var ready = new Option<FileInfo?>("--ready-file") { Description = "File to write {url, account, adminKey} to when the server answers" };
        var model = new Option<string[]>("--model")
        {
            Description = "More base models: NAME=PATH of a Hugging Face folder or a GGUF file",
            AllowMultipleArgumentsPerToken = true,
        };
        var insecure = new Option<bool>("--insecure-http") { Description = "Allow a --host beyond loopback, as behind a proxy that has TLS" };
        var command = new Command("serve", "Run the server: API, jobs and deployments on this machine.") { host, port, data, ready, model, insecure };
        command.SetAction((parsed, cancellationToken) => ServeRun.RunAsync(
            new ServeOptions(
                parsed.GetRequiredValue(host), parsed.GetValue(port), parsed.GetRequiredValue(data).FullName,
                parsed.GetValue(ready)?.FullName, parsed.GetValue(model) ?? [], parsed.GetValue(insecure)),
            cancellationToken));
        return command.WithExamples(
            ("hearth serve", $"listens on http://127.0.0.1:{ServeOptions.DefaultPort}; prints addresses, key and next commands"),
            ("hearth serve --data-dir ./data --model smol=./SmolLM2-135M-Instruct", "also serves and tunes a model of your own"),
            ("hearth serve --port 0 --ready-file ready.json", "for scripts: a free port; wait until ready.json is there"));
    }
}

/// <summary>What <c>hearth serve</c> was asked for.</summary>
/// <param name="Models">More base models, each <c>NAME=PATH</c>.</param>
internal sealed record ServeOptions(
    string Host, int Port, string DataDirectory, string? ReadyFile, IReadOnlyList<string> Models, bool InsecureHttp)
{
    public const int DefaultPort = 8080; // decision 0002

    public bool IsDefaultDataDirectory => DataDirectory == Cli.DataDirectory.Default;
}
