using System.Security.Cryptography;
using Hearth.Numerics;

namespace Hearth.Inference;

/// <summary>
/// Continuous batching: sequences in, token streams out. A thread of its own repeats <see cref="Step"/> while there is work and blocks while there is none.
/// </summary>
public sealed class Engine : IDisposable
{
    private readonly IModelRunner _runner;
    private readonly EngineOptions _options;
    private readonly BlockPool _pool;
    private readonly Scheduler _scheduler;
    private readonly ParallelSampler _sampler;
    private readonly TimeProvider _time;
    private readonly EngineMeter _meter;
    private readonly WaitingRoom _waitingRoom;
    private readonly PriorityQueue<Generation, long> _deadlines = new();
    private readonly object _gate = new();
    private readonly Queue<Action> _commands = new(); // under the gate
    private bool _closed; // under the gate
    private readonly HashSet<Generation> _open = [];
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private NativeBlock? _logits; // grows with the largest step so far
    private long _lastId;
    private volatile bool _stopping;

    /// <summary>Starts an engine over a runner, which it owns from now on.</summary>
    /// <param name="runner">The model.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">Clock of waiting times and metrics.</param>
    public Engine(IModelRunner runner, EngineOptions? options = null, TimeProvider? time = null)
    {
        _runner = runner;
        _options = options ?? new();
        _pool = new(runner.Blocks, runner.BlockSize);
        _scheduler = new(_options.Scheduler, _pool);
        _sampler = new(runner.VocabularySize, runner.Pool);
        _time = time ?? TimeProvider.System;
        _meter = new(_time);
        _waitingRoom = new(_options.MaxWaiting);
        _thread = new(Run) { Name = "engine", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Most tokens of prompt and completion together.</summary>
    public int MaxContext => (int)Math.Min(_runner.MaxContext, (long)_runner.Blocks * _runner.BlockSize);

    /// <summary>Number of token ids.</summary>
    public int VocabularySize => _runner.VocabularySize;

    /// <summary>What the engine is doing. Read while it goes on: figures of one step may be there in part.</summary>
    public EngineMetrics Metrics => _meter.Read() with
    {
        Running = _scheduler.Running.Count,
        MaxRunning = _options.Scheduler.MaxSequences,
        Waiting = _scheduler.WaitingCount,
        Blocks = _pool.Blocks,
        FreeBlocks = _pool.Available,
        CachedBlocks = _pool.Cached,
        OldestCached = _pool.OldestCachedAt is { } since ? _time.GetElapsedTime(since) : default,
        CachedTokens = _scheduler.CachedTokens,
        Preemptions = _scheduler.Preemptions,
        Drafts = _scheduler.Drafts,
    };

    /// <summary>Starts a generation.</summary>
    /// <param name="options">The request.</param>
    /// <param name="cancellationToken">Gives the request up.</param>
    /// <exception cref="GenerationException">The request is refused; the message names everything that is wrong.</exception>
    public GenerationHandle Submit(GenerationOptions options, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        options = Resolve(options);
        long id = Interlocked.Increment(ref _lastId);
        int[] stopTokenIds = [.. options.StopTokenIds, .. options.IgnoreEos ? [] : _options.EosTokenIds];
        _waitingRoom.Enter(options.Account);
        if (options.Addon is { } addon && !addon.TryHold())
        {
            _waitingRoom.Leave(options.Account);
            throw new GenerationException(GenerationFault.InvalidArgument, $"Addon '{addon.Name}' was unloaded. Load it, then retry.");
        }
        var root = options.PrefixRoot(_runner.NumericsId, _runner.RopeRegime(options.PromptTokenIds.Count + options.MaxTokens!.Value));
        var generation = new Generation(_scheduler, id, options, options.Sampling.Seed!.Value, stopTokenIds, root, new RequestClock(_time)) { LatestBegin = _time.GetTimestamp() + Ticks(options.BeginWithin ?? _options.LongestWait) };
        var handle = new GenerationHandle(this, generation, id, options);
        if (!Post(() => Open(generation)))
        {
            generation.Fail(Stopped());
            throw Stopped();
        }
        if (cancellationToken.CanBeCanceled)
        {
            var registration = cancellationToken.UnsafeRegister(static state => ((GenerationHandle)state!).Cancel(), handle);
            _ = handle.Usage.ContinueWith(_ => registration.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
        return handle;
    }

    /// <summary>Generates to the end.</summary>
    /// <returns>The completions, by choice.</returns>
    /// <exception cref="GenerationException">The request is refused or could not be finished.</exception>
    public async Task<IReadOnlyList<Completion>> GenerateAsync(GenerationOptions options, CancellationToken cancellationToken = default)
    {
        var handle = Submit(options, cancellationToken);
        var steps = new List<TokenStep>[options.Choices];
        for (int choice = 0; choice < steps.Length; choice++) steps[choice] = [];
        await foreach (var step in handle.ReadAllAsync(cancellationToken).ConfigureAwait(false)) steps[step.Choice].Add(step);
        cancellationToken.ThrowIfCancellationRequested();
        return [.. steps.Select((own, choice) => new Completion(choice, own, own[^1].FinishReason!.Value))];
    }

    /// <summary>Forgets all cached prefixes; running sequences keep theirs.</summary>
    public void ClearPrefixCache() => Post(_pool.ClearCache);

    /// <summary>Stops the thread; what has not ended fails with <see cref="GenerationFault.EngineStopped"/>.</summary>
    public void Dispose()
    {
        if (_stopping) return;
        _stopping = true;
        _wake.Set();
        _thread.Join();
        _logits?.Dispose();
        _runner.Dispose();
    }

    /// <summary>Runs an action on the engine's thread, before the next step. False: the engine has stopped.</summary>
    internal bool Post(Action command)
    {
        lock (_gate)
        {
            if (_closed) return false;
            _commands.Enqueue(command);
        }
        _wake.Set();
        return true;
    }

    private void Run()
    {
        while (!_stopping)
        {
            bool idle = !RunCommands() && !_scheduler.HasWork;
            RefuseOverdue();
            if (_scheduler.HasWork) Step();
            if (idle) _wake.WaitOne(); // a command that came since has set it
        }
        lock (_gate) _closed = true;
        RunCommands();
        foreach (var generation in _open.ToArray()) generation.Fail(Stopped());
    }

    private bool RunCommands()
    {
        bool any = false;
        while (true)
        {
            Action? command;
            lock (_gate) _commands.TryDequeue(out command);
            if (command is null) return any;
            command();
            any = true;
        }
    }

    /// <summary>One forward pass over the tokens that the scheduler chose.</summary>
    private void Step()
    {
        var trace = _options.Trace;
        trace?.Begin("schedule");
        _pool.Now = _time.GetTimestamp();
        var plan = _scheduler.Schedule();
        _meter.Planned(plan, _scheduler.Planned);
        try
        {
            var logits = Logits(plan.Rows.Length);
            _runner.Forward(plan, logits);
            _meter.Computed(plan);
            trace?.Begin("sampling");
            var tokens = _sampler.Sample(logits, plan, _scheduler.Planned);
            trace?.Begin("commit");
            var outputs = _scheduler.Commit(plan, tokens);
            _meter.Committed(outputs);
            foreach (var output in outputs) output.Sequence.Owner!.Receive(output);
            trace?.End();
        }
        catch (Exception fault)
        {
            // The requests of this step fail, with all their choices; others go on.
            foreach (var sequence in _scheduler.Planned)
                sequence.Owner!.Fail(new GenerationException(GenerationFault.StepFailed, "The forward pass failed: " + fault.Message, fault));
        }
    }

    // A vocabulary of 150,000 makes a row 600 KB: only prompts that are scored need many.
    private FloatBuffer Logits(int rows)
    {
        int length = checked(rows * _runner.VocabularySize);
        if (_logits is null || _logits.Bytes < length * (long)sizeof(float))
        {
            _logits?.Dispose();
            long most = Math.Min(_options.Scheduler.LogitRows, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, rows)));
            _logits = new(most * _runner.VocabularySize * sizeof(float));
        }
        return _logits.Floats(0, length);
    }

    private void Open(Generation generation)
    {
        _open.Add(generation);
        _deadlines.Enqueue(generation, generation.LatestBegin);
        generation.Start(
            onBegin: () =>
            {
                _deadlines.Remove(generation, out _, out _);
                _waitingRoom.Leave(generation.Account);
            },
            onEnd: () => _open.Remove(generation));
    }

    private void RefuseOverdue()
    {
        while (_deadlines.TryPeek(out var generation, out long latest) && latest <= _time.GetTimestamp())
            generation.Fail(new GenerationException(GenerationFault.WaitedTooLong, "The request waited too long for its turn. Retry later, or add replicas."));
    }

    private GenerationOptions Resolve(GenerationOptions options)
    {
        var faults = Faults(options).ToArray();
        if (faults.Length > 0) throw new GenerationException(GenerationFault.InvalidArgument, "The request is refused: " + string.Join("; ", faults) + ".");
        int prompt = options.PromptTokenIds.Count, room = MaxContext - prompt;
        if (room < 0 || (room == 0 && options.MaxTokens != 0))
            throw new GenerationException(GenerationFault.ContextLengthExceeded, $"The prompt has {prompt} tokens, the context holds {MaxContext} with the completion. Shorten the prompt.");
        if (options.MaxTokens > room && options.ErrorOnContextOverflow)
            throw new GenerationException(GenerationFault.ContextLengthExceeded, $"The prompt has {prompt} tokens and max_tokens is {options.MaxTokens}, the context holds {MaxContext}. Shorten the prompt or lower max_tokens.");
        return options with
        {
            MaxTokens = Math.Min(options.MaxTokens ?? room, room),
            NgramDrafts = options.NgramDrafts ?? _options.NgramDrafts,
            Sampling = options.Sampling with { Seed = options.Sampling.Seed ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) },
        };
    }

    private IEnumerable<string> Faults(GenerationOptions options)
    {
        if (options.PromptTokenIds.Count == 0) yield return "the prompt is empty, at least one token is needed";
        int vocabulary = VocabularySize;
        for (int i = 0; i < options.PromptTokenIds.Count; i++)
        {
            if ((uint)options.PromptTokenIds[i] < (uint)vocabulary) continue;
            yield return $"prompt token {i} is {options.PromptTokenIds[i]}, expected 0 to {vocabulary - 1}";
            break;
        }
        if (options.Inputs.Count > 0) yield return $"the prompt holds {options.Inputs.Count} inputs beside text, this model takes text only";
        if (options.MaxTokens < 0) yield return $"max_tokens is {options.MaxTokens}, expected 0 or more";
        if (options.MinTokens < 0) yield return $"min_tokens is {options.MinTokens}, expected 0 or more";
        foreach (int id in options.StopTokenIds)
            if ((uint)id >= (uint)vocabulary) yield return $"stop token is {id}, expected 0 to {vocabulary - 1}";
        if (options.Grammar is { } grammar)
        {
            if (grammar.Vocabulary.Size != vocabulary) yield return $"the grammar is of a vocabulary of {grammar.Vocabulary.Size} tokens, the model has {vocabulary}";
            if (options.StopTokenIds.Count == 0 && (options.IgnoreEos || _options.EosTokenIds.Count == 0)) yield return "a grammar needs a token that ends the completion: leave ignore_eos out, or give stop token ids";
        }
        if (options.Choices < 1 || options.Choices > _options.MaxChoices) yield return $"n is {options.Choices}, expected 1 to {_options.MaxChoices}";
        if (options is { MaxTokens: 0, Choices: > 1 }) yield return "n is more than 1, but max_tokens is 0";
        if (options.NgramDrafts is < 0 or > Speculation.MostNgram) yield return $"n-gram speculation is {options.NgramDrafts}, expected 0 to {Speculation.MostNgram} tokens";
        var predicted = options.PredictedTokenIds ?? [];
        if (predicted.Count > _options.MaxPredictedTokens) yield return $"the prediction has {predicted.Count} tokens, at most {_options.MaxPredictedTokens} are taken";
        for (int i = 0; i < predicted.Count; i++)
        {
            if ((uint)predicted[i] < (uint)vocabulary) continue;
            yield return $"prediction token {i} is {predicted[i]}, expected 0 to {vocabulary - 1}";
            break;
        }
        if (options.TopLogprobs < 0 || options.TopLogprobs > _options.MaxTopLogprobs) yield return $"top_logprobs is {options.TopLogprobs}, expected 0 to {_options.MaxTopLogprobs}";
        foreach (string fault in options.Sampling.Faults(vocabulary)) yield return fault;
    }

    private long Ticks(TimeSpan wait) => (long)Math.Min(wait.TotalSeconds * _time.TimestampFrequency, long.MaxValue / 4);

    private static GenerationException Stopped() => new(GenerationFault.EngineStopped, "The engine was stopped.");
}
