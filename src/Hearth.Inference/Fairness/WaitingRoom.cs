namespace Hearth.Inference;

/// <summary>
/// Bounds the requests that wait to be begun. An account may have as many as there are places left for others (dynamic thresholds: Choudhury, Hahne 1998): one
/// that floods the engine takes half of the room, and the next one still finds a place.
/// </summary>
/// <param name="places">Requests in all.</param>
internal sealed class WaitingRoom(int places)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _waiting = [];
    private int _count;

    /// <summary>Lets a request in.</summary>
    /// <exception cref="GenerationException">There is no place for this account.</exception>
    public void Enter(string? account)
    {
        account ??= "";
        lock (_lock)
        {
            int own = _waiting.GetValueOrDefault(account);
            if (own >= places - _count)
                throw new GenerationException(GenerationFault.Overloaded, $"The model is overloaded: {_count} requests wait, {own} of this account. Retry later, or add replicas.");
            _waiting[account] = own + 1;
            _count++;
        }
    }

    /// <summary>The request has begun, or has ended before.</summary>
    public void Leave(string? account)
    {
        account ??= "";
        lock (_lock)
        {
            _count--;
            if (--_waiting[account] == 0) _waiting.Remove(account);
        }
    }
}
