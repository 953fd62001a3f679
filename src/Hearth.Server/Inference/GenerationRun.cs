using System.Runtime.CompilerServices;
using Hearth.ControlPlane;

namespace Hearth.Server;

/// <summary>
/// One request on a replica: streams its events and meters it. The event with the usage is handed on after its row is committed (rule R10);
/// a caller that leaves pays for the tokens generated until then; a request that the replica's or the server's end cuts short is not billed.
/// A replica that ends before the first event is replaced by another one, once.
/// </summary>
internal sealed class GenerationRun(
    IReplicaGateway gateway, IStore store, TimeProvider clock, Draining draining, GenerationMetrics metrics, ReplicaLoads loads, Caller caller, ModelRoute route,
    GenerationRequest request, Func<string, CancellationToken, ValueTask<ModelRoute?>> elsewhere)
{
    private int _prompt, _completion, _finished;
    private bool _metered, _cut;
    private GenerationMetrics.Run? _measured;

    public long StartedAt { get; } = clock.GetTimestamp();
    public TimeSpan? FirstToken { get; private set; }

    /// <summary>Where the time went in the replica; once it has ended.</summary>
    public GenerationTimes? Times { get; private set; }

    /// <summary>What was generated so far is not billed.</summary>
    public void Forgive() => _cut = true;

    /// <summary>The last event carries a finish reason and the usage.</summary>
    public async IAsyncEnumerable<GenerationEvent> EventsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var measured = _measured = metrics.Begin(route);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, draining.Ended);
        using var load = loads.Begin(route.Deployment, route.Socket, RequestWeight.Of(request));
        await using var events = GenerateAsync(either.Token).GetAsyncEnumerator(either.Token);
        GenerationEvent? held = null;
        try
        {
            while (await NextAsync(events))
            {
                var next = Count(events.Current);
                if (held is not null) next = held with { Usage = next.Usage ?? held.Usage };
                held = null;
                if (_finished >= request.N && next.Usage is null)
                {
                    held = next; // the usage follows in an event of its own
                    continue;
                }
                if (next.Usage is { } usage) await CompleteAsync(usage);
                yield return next;
            }
            if (held is null) yield break;
            var counted = new GenerationUsage(_prompt, _completion, 0);
            await CompleteAsync(counted);
            yield return held with { Usage = counted };
        }
        finally
        {
            if (!_metered && !_cut && _completion > 0) await MeterAsync(new(_prompt, _completion, 0));
        }
    }

    private async IAsyncEnumerable<GenerationEvent> GenerateAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (socket, asked, isRetry) = (route.Socket, request, false);
        while (true)
        {
            await using var events = gateway.GenerateAsync(socket, asked, cancellationToken).GetAsyncEnumerator(cancellationToken);
            bool more;
            try
            {
                more = await events.MoveNextAsync();
            }
            catch (ReplicaLostException) when (!isRetry)
            {
                if (await elsewhere(socket, cancellationToken) is not { } other) throw;
                (socket, asked, isRetry) = (other.Socket, request with { Addon = other.Addon, AddonHash = other.AddonHash }, true);
                continue;
            }
            for (; more; more = await events.MoveNextAsync()) yield return events.Current;
            yield break;
        }
    }

    private async ValueTask<bool> NextAsync(IAsyncEnumerator<GenerationEvent> events)
    {
        try
        {
            return await events.MoveNextAsync();
        }
        catch (ReplicaRequestException refused)
        {
            throw Cut(Refusal(refused));
        }
        catch (OperationCanceledException) when (draining.Ended.IsCancellationRequested)
        {
            throw Cut(new(ErrorCode.Unavailable, "The server is stopping before the answer has ended. Retry in a moment."));
        }
        catch (ReplicaLostException)
        {
            throw Cut(new(ErrorCode.Unavailable, "The replica ended before the answer did. Retry in a moment."));
        }
    }

    private HearthException Cut(HearthException reason)
    {
        _cut = true;
        _measured!.Status = ErrorRoom.StatusOf(reason);
        return reason;
    }

    private GenerationEvent Count(GenerationEvent next)
    {
        FirstToken ??= clock.GetElapsedTime(StartedAt);
        _measured!.Token();
        _prompt = next.PromptTokenIds?.Count ?? _prompt;
        _completion += next.TokenIds.Count;
        if (next.FinishReason is not null) _finished++;
        _measured.Times = Times = next.Times ?? Times;
        return next;
    }

    private ValueTask CompleteAsync(GenerationUsage usage)
    {
        _measured!.Status = StatusCodes.Status200OK;
        return MeterAsync(usage);
    }

    private async ValueTask MeterAsync(GenerationUsage usage)
    {
        if (_metered) return;
        _metered = true;
        _measured!.Usage = usage;
        var entry = new UsageEntry($"chat/{request.RequestId}", caller.Account, "chat", route.Deployment.Value, route.Model, clock.GetUtcNow())
        {
            User = caller.User,
            KeyId = caller.KeyId,
            DurationMilliseconds = (long)clock.GetElapsedTime(StartedAt).TotalMilliseconds,
            PromptTokens = usage.PromptTokens,
            CachedTokens = usage.CachedPromptTokens,
            CompletionTokens = usage.CompletionTokens,
        };
        await store.CommitAsync(new Change().Meter(entry), CancellationToken.None); // a caller that left is metered too
    }

    private static HearthException Refusal(ReplicaRequestException refused)
    {
        var code = Enum.GetValues<ErrorCode>().FirstOrDefault(
            code => System.Text.Json.JsonNamingPolicy.SnakeCaseUpper.ConvertName(code.ToString()) == refused.Code, ErrorCode.InvalidArgument);
        // A replica that has too much to do has less in a moment.
        return new(code, refused.Message) { Param = refused.Param, RetryAfter = code == ErrorCode.ResourceExhausted ? TimeSpan.FromSeconds(1) : null };
    }
}
