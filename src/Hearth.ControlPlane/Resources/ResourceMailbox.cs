namespace Hearth.ControlPlane;

/// <summary>
/// One verb at a time per resource: callers queue, in order. It replaces an actor's mailbox on one node (decision 0003);
/// what makes it safe with several nodes is the row's version, on whose conflict a verb is retried once (rule R2).
/// </summary>
public sealed class ResourceMailbox(TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10); // rule R11

    private readonly Dictionary<string, Gate> _gates = [];

    /// <summary>Runs <paramref name="verb"/> alone on <paramref name="resource"/>. Verbs read, decide and commit; they wait for nothing slow.</summary>
    /// <exception cref="HearthException">Unavailable: the resource was busy for 10 s. Aborted: it changed twice under the verb.</exception>
    public async ValueTask<T> RunAsync<T>(string resource, Func<CancellationToken, ValueTask<T>> verb, CancellationToken cancellationToken)
    {
        var gate = Join(resource);
        try
        {
            await EnterAsync(gate, resource, cancellationToken);
            try
            {
                return await RetryOnceAsync(verb, cancellationToken);
            }
            finally
            {
                gate.Turn.Release();
            }
        }
        finally
        {
            Leave(resource, gate);
        }
    }

    private async Task EnterAsync(Gate gate, string resource, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await gate.Turn.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HearthException(ErrorCode.Unavailable, $"{resource} is busy. Retry in a moment.");
        }
    }

    private static async ValueTask<T> RetryOnceAsync<T>(Func<CancellationToken, ValueTask<T>> verb, CancellationToken cancellationToken)
    {
        try
        {
            return await verb(cancellationToken);
        }
        catch (VersionConflictException)
        {
            try
            {
                return await verb(cancellationToken);
            }
            catch (VersionConflictException conflict)
            {
                throw new HearthException(ErrorCode.Aborted, $"{conflict.Name} was changed by someone else twice. Read it and retry.");
            }
        }
    }

    private Gate Join(string resource)
    {
        lock (_gates)
        {
            if (!_gates.TryGetValue(resource, out var gate)) _gates[resource] = gate = new Gate();
            gate.Users++;
            return gate;
        }
    }

    private void Leave(string resource, Gate gate)
    {
        lock (_gates)
        {
            if (--gate.Users == 0) _gates.Remove(resource);
        }
    }

    private sealed class Gate
    {
        public SemaphoreSlim Turn { get; } = new(1, 1);
        public int Users { get; set; }
    }
}
