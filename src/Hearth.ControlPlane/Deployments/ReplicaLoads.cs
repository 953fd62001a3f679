using System.Collections.Concurrent;

namespace Hearth.ControlPlane;

/// <summary>What each replica has been given and not yet finished, as far as this process knows. Nothing depends on it but the choice of a replica.</summary>
public sealed class ReplicaLoads
{
    private readonly ConcurrentDictionary<string, long> _tokens = [];
    private readonly ConcurrentDictionary<string, int> _requests = [];

    /// <summary>A request begins; disposing ends it.</summary>
    /// <param name="tokens">Prompt and completion, estimated.</param>
    public IDisposable Begin(ResourceName deployment, string socket, long tokens)
    {
        Add(deployment, socket, tokens, 1);
        return new Load(this, deployment, socket, tokens);
    }

    /// <summary>Outstanding tokens of a replica.</summary>
    public long TokensOf(string socket) => _tokens.GetValueOrDefault(socket);

    /// <summary>Outstanding requests of a deployment.</summary>
    public int RequestsOf(ResourceName deployment) => _requests.GetValueOrDefault(deployment.Value);

    private void Add(ResourceName deployment, string socket, long tokens, int requests)
    {
        if (_tokens.AddOrUpdate(socket, tokens, (_, now) => now + tokens) == 0) _tokens.TryRemove(KeyValuePair.Create(socket, 0L));
        if (_requests.AddOrUpdate(deployment.Value, requests, (_, now) => now + requests) == 0) _requests.TryRemove(KeyValuePair.Create(deployment.Value, 0));
    }

    private sealed class Load(ReplicaLoads loads, ResourceName deployment, string socket, long tokens) : IDisposable
    {
        private int _ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0) loads.Add(deployment, socket, -tokens, -1);
        }
    }
}
