using System.Threading.Channels;

namespace Hearth.Inference;

/// <summary>The engine's record of one request: its live sequences, and where their outputs go. Changed by the engine's thread alone.</summary>
internal sealed class Generation
{
    private readonly Scheduler _scheduler;
    private readonly Sequence _leader; // computes the prompt for all choices, and becomes choice 0
    private readonly Dictionary<int, Sequence> _live = [];
    private readonly HashSet<int> _unwanted = []; // given up before the choices split
    private readonly PromptToken[] _prompt;
    private readonly Channel<TokenStep> _steps = Channel.CreateUnbounded<TokenStep>(new() { SingleWriter = true });
    private readonly TaskCompletionSource<IReadOnlyList<PromptToken>> _promptScored = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<TokenUsage> _usage = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _choices;
    private readonly Addon? _addon;
    private Action? _onBegin, _onEnd;
    private int _ended, _completionTokens;
    private DraftCounts _drafts;

    public Generation(Scheduler scheduler, long id, GenerationOptions options, ulong seed, IReadOnlyList<int> stopTokenIds, PrefixRoot root, RequestClock clock)
    {
        _scheduler = scheduler;
        _choices = options.Choices;
        Clock = clock;
        _addon = options.Addon;
        _leader = new Sequence(id, options, seed, stopTokenIds, root) { Owner = this };
        _live.Add(0, _leader);
        _prompt = options.PromptLogprobs ? new PromptToken[options.PromptTokenIds.Count] : [];
        if (_prompt.Length > 0) _prompt[0] = new(options.PromptTokenIds[0], null, []);
    }

    public ChannelReader<TokenStep> Steps => _steps.Reader;

    public Task<IReadOnlyList<PromptToken>> PromptScored => _promptScored.Task;

    public Task<TokenUsage> Usage => _usage.Task;

    /// <summary>Whose it is.</summary>
    public string? Account => _leader.Options.Account;

    /// <summary>It fails where it has not begun by then, in ticks of the engine's clock.</summary>
    public long LatestBegin { get; init; }

    /// <summary>Where its time goes.</summary>
    public RequestClock Clock { get; }

    private bool HasEnded => _ended == _choices;

    private bool HasSplit => _leader.PendingChoices == 0;

    /// <summary>Starts to compete for blocks. Both actions run once, on the engine's thread, before anybody learns of it.</summary>
    /// <param name="onBegin">It waits no more: its first tokens are planned, or it has ended before.</param>
    /// <param name="onEnd">All choices have ended.</param>
    public void Start(Action onBegin, Action onEnd)
    {
        _onBegin = onBegin;
        _onEnd = onEnd;
        _scheduler.Add(_leader);
    }

    /// <summary>Its first tokens are planned: it waits no more.</summary>
    public void Begin(long now)
    {
        Clock.Begin(now);
        _onBegin?.Invoke();
    }

    /// <summary>Takes what a step gave.</summary>
    public void Receive(in SequenceOutput output)
    {
        if (HasEnded) return;
        if (output.IsPrompt)
        {
            ReceivePrompt(output);
            return;
        }
        _promptScored.TrySetResult(_prompt);
        int choice = output.Sequence.Choice;
        if (output.Token is not null) _completionTokens++;
        if (output.FinishReason is null) _live[choice] = output.Sequence;
        if (_unwanted.Contains(choice)) _scheduler.Remove(output.Sequence, FinishReason.Cancelled);
        Write(choice, output.Index, output.Token, _unwanted.Contains(choice) ? FinishReason.Cancelled : output.FinishReason, output.Sequence.Fault);
    }

    /// <summary>Gives up one choice.</summary>
    public void Cancel(int choice)
    {
        if (HasEnded) return;
        if (!HasSplit)
        {
            // The prompt goes on for the others; without any other it ends.
            _unwanted.Add(choice);
            if (_unwanted.Count == _choices) CancelAll();
            return;
        }
        if (!_live.TryGetValue(choice, out var sequence)) return;
        _scheduler.Remove(sequence, FinishReason.Cancelled);
        Write(choice, sequence.CompletionTokens, null, FinishReason.Cancelled);
    }

    /// <summary>Gives up what has not ended.</summary>
    public void CancelAll()
    {
        if (HasEnded) return;
        foreach (var sequence in _live.Values.ToArray())
        {
            _scheduler.Remove(sequence, FinishReason.Cancelled);
            if (HasSplit) Write(sequence.Choice, sequence.CompletionTokens, null, FinishReason.Cancelled);
        }
        if (!HasSplit)
            for (int choice = 0; choice < _choices; choice++) Write(choice, 0, null, FinishReason.Cancelled);
    }

    /// <summary>Ends everything with an exception that the reader sees.</summary>
    public void Fail(Exception fault)
    {
        if (HasEnded) return;
        foreach (var sequence in _live.Values) _scheduler.Remove(sequence, FinishReason.Error);
        _live.Clear();
        _ended = _choices;
        End();
        _steps.Writer.TryComplete(fault);
        _promptScored.TrySetException(fault);
        _usage.TrySetException(fault);
        _ = _promptScored.Task.Exception; // nobody may be waiting
        _ = _usage.Task.Exception;
    }

    private void ReceivePrompt(in SequenceOutput output)
    {
        if (output.Token is not { IsFault: false } token)
        {
            Fail(new GenerationException(GenerationFault.NotFinite, $"The model gave a logit that is not a number at prompt position {output.Index - 1}."));
            return;
        }
        _prompt[output.Index] = new(token.TokenId, token.Logprob, token.Top);
    }

    private void Write(int choice, int index, SampledToken? token, FinishReason? finish, string? fault = null)
    {
        _steps.Writer.TryWrite(new()
        {
            Choice = choice,
            Index = index,
            TokenId = token?.TokenId,
            Logprob = token?.Logprob ?? 0,
            SamplingLogprob = token?.SamplingLogprob ?? 0,
            Top = token?.Top ?? [],
            FinishReason = finish,
            Fault = fault,
        });
        if (finish is null) return;
        if (_live.Remove(choice, out var ended)) _drafts += ended.DraftCounts;
        if (++_ended < _choices) return;
        End();
        _promptScored.TrySetResult(_prompt);
        _usage.TrySetResult(new(_leader.PromptTokens, _completionTokens, _leader.CachedTokens) { Drafts = _drafts });
        _steps.Writer.TryComplete();
    }

    private void End()
    {
        Clock.End();
        if (!Clock.HasBegun) _onBegin?.Invoke();
        _addon?.Release();
        _onEnd?.Invoke();
    }
}
