using System.Runtime.CompilerServices;

namespace Hearth.Inference;

/// <summary>A running request: stream it once with <c>await foreach</c>. Leaving the loop early gives the rest up.</summary>
public sealed class GenerationHandle : IAsyncEnumerable<TokenStep>
{
    private readonly Engine _engine;
    private readonly Generation _generation;

    internal GenerationHandle(Engine engine, Generation generation, long id, GenerationOptions options)
    {
        _engine = engine;
        _generation = generation;
        Id = id;
        Options = options;
    }

    /// <summary>Number of the request in its engine.</summary>
    public long Id { get; }

    /// <summary>The request as it is carried out: with <see cref="GenerationOptions.MaxTokens"/> and the seed filled in.</summary>
    public GenerationOptions Options { get; }

    /// <summary>The prompt's tokens with their logprobs, when it is computed; empty where they were not asked for.</summary>
    public Task<IReadOnlyList<PromptToken>> PromptTokens => _generation.PromptScored;

    /// <summary>Completes when all choices have ended.</summary>
    public Task<TokenUsage> Usage => _generation.Usage;

    /// <summary>Where the time of the request went; complete when <see cref="Usage"/> is.</summary>
    public RequestTimes Times => _generation.Clock.Times;

    /// <summary>The tokens of all choices as they come. The last one of each choice has a finish reason.</summary>
    /// <exception cref="GenerationException">The request could not be finished.</exception>
    public async IAsyncEnumerable<TokenStep> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            await foreach (var step in _generation.Steps.ReadAllAsync(cancellationToken).ConfigureAwait(false)) yield return step;
        }
        finally
        {
            Cancel();
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerator<TokenStep> GetAsyncEnumerator(CancellationToken cancellationToken = default) => ReadAllAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);

    /// <summary>Gives up what has not ended; its blocks are free before the next step.</summary>
    public void Cancel()
    {
        if (!Usage.IsCompleted) _engine.Post(_generation.CancelAll);
    }

    /// <summary>Gives up one choice, for example because its text met a stop string.</summary>
    public void Cancel(int choice)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(choice);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(choice, Options.Choices);
        if (!Usage.IsCompleted) _engine.Post(() => _generation.Cancel(choice));
    }
}
