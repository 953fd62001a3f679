using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Hearth.ControlPlane;

namespace Hearth.Workers;

/// <summary>Reaches replicas through their unix sockets and streams what they generate.</summary>
public sealed class ReplicaGateway : IReplicaGateway, IDisposable
{
    /// <summary>One client a socket: its pool keeps connections between requests.</summary>
    private readonly ConcurrentDictionary<string, HttpClient> clients = new();

    /// <inheritdoc/>
    public async IAsyncEnumerable<GenerationEvent> GenerateAsync(
        string socketPath, GenerationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await SendAsync(socketPath, request, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var reader = new StreamReader(body);
        var complete = false;
        while (await ReadLineAsync(reader, cancellationToken) is { } line)
        {
            var parsed = JsonSerializer.Deserialize<GenerationLine>(line, WorkerJson.Options);
            if (parsed?.Error is { } error) throw new ReplicaRequestException(error.Code, error.Message) { Param = error.Param };
            if (parsed?.Event is not { } generated) continue;
            complete |= generated.Usage is not null;
            yield return generated;
        }
        if (!complete) throw new ReplicaLostException("The replica ended before its answer did.");
    }

    public void Dispose()
    {
        foreach (var client in clients.Values) client.Dispose();
    }

    private async Task<HttpResponseMessage> SendAsync(string socketPath, GenerationRequest request, CancellationToken cancellationToken)
    {
        var client = clients.GetOrAdd(socketPath, ReplicaSocket.CreateClient);
        var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request, WorkerJson.Options));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var message = new HttpRequestMessage(HttpMethod.Post, "http://replica/generate") { Content = content };
        try
        {
            return await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            // A restarted replica has a new socket; this one will not answer again.
            if (!File.Exists(socketPath) && clients.TryRemove(socketPath, out var gone)) gone.Dispose();
            throw new ReplicaLostException($"The replica does not answer: {e.Message}");
        }
    }

    private static async Task<string?> ReadLineAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadLineAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new ReplicaLostException($"The replica ended before its answer did: {e.Message}");
        }
    }
}
