namespace Hearth.ControlPlane;

/// <summary>What a deployment has to do now, over all its replicas; rates are of the last minute.</summary>
public sealed record DeploymentLoad(int ConcurrentRequests, double RequestsPerSecond, double PromptTokensPerSecond, double GeneratedTokensPerSecond)
{
    /// <summary>Requests that a replica computes at a time: the scheduler's default.</summary>
    public const int RequestsOfAReplica = 64;

    /// <summary>Replicas that the load asks for by each target; the largest number wins.</summary>
    public int Wanted(IReadOnlyDictionary<string, double> targets) => targets.Select(target => (int)Math.Ceiling(target.Key switch
    {
        "default" => ConcurrentRequests / (target.Value * RequestsOfAReplica),
        "concurrent_requests" => ConcurrentRequests / target.Value,
        "requests_per_second" => RequestsPerSecond / target.Value,
        "prompt_tokens_per_second" => PromptTokensPerSecond / target.Value,
        "tokens_generated_per_second" => GeneratedTokensPerSecond / target.Value,
        _ => 0,
    })).DefaultIfEmpty().Max();
}

/// <summary>Keeps the number of replicas from following every breath: it changes once the load has asked for it during a whole window.</summary>
public sealed class ScaleWindow
{
    private DateTimeOffset _since;
    private int _direction, _wanted;

    /// <returns>The new number, or null while the present one stays.</returns>
    public int? Decide(DateTimeOffset now, int wanted, int current, TimeSpan up, TimeSpan down)
    {
        var direction = wanted.CompareTo(current);
        if (direction == 0 || direction != _direction)
        {
            (_direction, _since, _wanted) = (direction, now, wanted);
        }
        else
        {
            // The change that every moment of the window has asked for.
            _wanted = direction > 0 ? Math.Min(_wanted, wanted) : Math.Max(_wanted, wanted);
        }
        if (direction == 0 || now - _since < (direction > 0 ? up : down)) return null;
        _direction = 0;
        return _wanted;
    }
}
