using System.Net.Http.Json;
using System.Net.Sockets;
using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>HTTP to a replica's unix socket.</summary>
internal static class ReplicaSocket
{
    /// <summary>Changes the adapters of a running replica.</summary>
    /// <exception cref="HttpRequestException">The replica does not answer.</exception>
    public static async Task<ReplicaAddonsAnswer> SetAddonsAsync(string socketPath, IReadOnlyList<AddonSpec> addons, CancellationToken cancellationToken)
    {
        using var client = CreateClient(socketPath);
        using var response = await client.PutAsJsonAsync("http://replica/addons", addons, WorkerJson.Options, cancellationToken);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<ReplicaAddonsAnswer>(WorkerJson.Options, cancellationToken)
            ?? throw new HttpRequestException("The replica's answer about its adapters is empty.");
    }

    public static HttpClient CreateClient(string socketPath)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }
}

/// <summary>The adapters that a replica holds now, and why those asked for are not held.</summary>
internal sealed record ReplicaAddonsAnswer(IReadOnlyList<string> Hashes, string? Fault);
