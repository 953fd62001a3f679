using Hearth.Server;

namespace Hearth;

/// <summary>The six lines with which a start ends: what one needs in order to go on.</summary>
internal static class StartReport
{
    public static void Write(HearthServer server, ServeOptions options, IReadOnlyList<string> models)
    {
        var key = server.AdminKey is null
            ? $"its admin key is no longer in {server.CredentialsPath}"
            : $"its admin key lies in {server.CredentialsPath} (readable by you alone)";
        var data = options.IsDefaultDataDirectory ? "" : $" --data-dir {options.Server.DataDirectory}";
        var url = server.Url == $"http://localhost:{ServeOptions.DefaultPort}" ? "" : $" --url {server.Url}";
        Console.Out.WriteLine($"addresses  {server.Url}  (platform: /v1/accounts/{server.Account}, OpenAI clients: {server.Url}/v1)");
        Console.Out.WriteLine($"data       {options.Server.DataDirectory}");
        Console.Out.WriteLine($"account    {server.Account}; {key}");
        Console.Out.WriteLine($"models     {(models.Count == 0 ? "none; start with --model NAME=PATH" : string.Join(", ", models))}");
        Console.Out.WriteLine("sandbox    none: code evaluators are refused until this server has an isolated place to run them");
        Console.Out.WriteLine(
            $"next       hearth deploy {EmbeddedModel.Name}{url}{data} | hearth chat {EmbeddedModel.Name}{url}{data} | hearth train FILE --name my-model{url}{data}");
    }
}
