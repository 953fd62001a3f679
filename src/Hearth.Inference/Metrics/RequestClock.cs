namespace Hearth.Inference;

/// <summary>Where the time of one request goes. Used by the engine's thread alone, but for the start.</summary>
internal sealed class RequestClock(TimeProvider time)
{
    private readonly long _submitted = time.GetTimestamp();
    private long _begun, _firstToken, _ended;
    private TimeSpan _preempted;

    /// <summary>True once its first tokens were planned.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>True once it has a token.</summary>
    public bool HasToken { get; private set; }

    /// <summary>Time until its first tokens were planned.</summary>
    public TimeSpan Queue => time.GetElapsedTime(_submitted, _begun);

    /// <summary>Time from then to the first token.</summary>
    public TimeSpan Prefill => time.GetElapsedTime(_begun, _firstToken);

    /// <summary>Time from the submission to the first token.</summary>
    public TimeSpan FirstToken => time.GetElapsedTime(_submitted, _firstToken);

    /// <summary>All of it; a part that the request did not come to is 0.</summary>
    public RequestTimes Times => new(HasBegun ? Queue : default, HasToken ? Prefill : default, HasToken ? _preempted : default, HasToken ? time.GetElapsedTime(_firstToken, _ended) : default);

    public void Begin(long now) => (HasBegun, _begun) = (true, now);

    public void Token(long now) => (HasToken, _firstToken) = (true, now);

    /// <summary>A sequence of it waited for blocks again.</summary>
    public void Preempted(TimeSpan waited)
    {
        if (HasToken) _preempted += waited;
    }

    public void End() => _ended = time.GetTimestamp();
}

/// <summary>Where the time of a request went.</summary>
/// <param name="Queue">Until its first tokens were planned.</param>
/// <param name="Prefill">From then to its first token.</param>
/// <param name="GenerationQueue">In which its sequences waited for blocks after the first token, added up.</param>
/// <param name="Generation">From the first token to the end.</param>
public readonly record struct RequestTimes(TimeSpan Queue, TimeSpan Prefill, TimeSpan GenerationQueue, TimeSpan Generation);
