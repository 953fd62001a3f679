using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hearth.Benchmarks;

/// <summary>llama.cpp with its prebuilt CPU library (npm node-llama-cpp) in a Node.js process: bench/peers/llama.</summary>
internal sealed class LlamaPeer : IDisposable
{
    // Not "ci": the lock names libraries for other systems, which not every registry has. Ours is a dependency by itself and comes prebuilt.
    private static readonly string[] InstallCommand = ["install", "--no-save", "--omit=optional", "--ignore-scripts"];
    private readonly PeerProcess _process;

    private LlamaPeer(string folder)
    {
        _process = new PeerProcess("llama.cpp", "node", [Path.Combine(folder, "llama.mjs")], new Dictionary<string, string>
        {
            // Without these its threads wait for each other and it runs four times slower.
            ["UV_THREADPOOL_SIZE"] = "1",
            ["OMP_WAIT_POLICY"] = "active",
            ["NODE_OPTIONS"] = "",
        }, folder);
        var info = Ask("info");
        Version = $"{info["version"]}, {info["threads"]} threads; {info["instructions"]}";
    }

    /// <summary>Versions and instruction set.</summary>
    public string Version { get; }

    /// <summary>Starts the peer, installing its packages on first use; null with the reason in a note where that cannot be done.</summary>
    public static LlamaPeer? Start(Report report)
    {
        string folder = BenchFolder.Peer("llama");
        try
        {
            NodePeer.Install(folder, InstallCommand);
            return new LlamaPeer(folder);
        }
        catch (Exception fault) when (fault is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            report.Note($"no peer: {fault.Message} It needs Node.js 20 or newer and npm {string.Join(' ', InstallCommand)} in bench/peers/llama.");
            return null;
        }
    }

    /// <summary>Seconds from the call for a model to a context that is ready.</summary>
    public double Load(string path, int contextSize, int sequences) =>
        Ask("load", ("path", path), ("contextSize", contextSize), ("count", sequences)).GetValue<double>();

    /// <summary>Seconds from a fresh prompt to its first token.</summary>
    public double Prefill(int tokens) => Ask("prefill", ("tokens", tokens), ("vocabulary", RandomGguf.Vocabulary)).GetValue<double>();

    /// <summary>Seconds from the first token of every sequence to <paramref name="tokens"/> more of each.</summary>
    public double Decode(int prompt, int tokens) => Ask("decode", ("prompt", prompt), ("tokens", tokens), ("vocabulary", RandomGguf.Vocabulary)).GetValue<double>();

    /// <summary>Resident bytes without keys and values.</summary>
    public double ResidentBytes()
    {
        var memory = Ask("memory", ("bytesPerPosition", 2 * 2 * RandomGguf.Layers * RandomGguf.KvHeads * RandomGguf.HeadWidth));
        return memory["resident"]!.GetValue<double>() - memory["cache"]!.GetValue<double>();
    }

    public void Dispose() => _process.Dispose();

    private JsonNode Ask(string verb, params (string Name, JsonNode Value)[] arguments)
    {
        var command = new JsonObject { ["verb"] = verb };
        foreach (var (name, value) in arguments) command[name] = value;
        return JsonNode.Parse(_process.Ask(command.ToJsonString()))!;
    }
}
