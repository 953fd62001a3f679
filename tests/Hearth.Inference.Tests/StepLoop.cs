namespace Hearth.Inference.Tests;

/// <summary>The engine's loop without its thread: scheduler, fake model and sampler, one step at a time, invariants checked after each.</summary>
internal sealed class StepLoop
{
    private readonly Sampler _sampler;
    private long _arrivals;

    public StepLoop(SchedulerOptions? options = null, HistoryModel? model = null)
    {
        Model = model ?? new();
        Pool = new(Model.Blocks, Model.BlockSize);
        Scheduler = new(options ?? new(), Pool);
        _sampler = new(Model.VocabularySize);
    }

    public HistoryModel Model { get; }
    public BlockPool Pool { get; }
    public Scheduler Scheduler { get; }

    /// <summary>Completion tokens by (arrival, choice).</summary>
    public Dictionary<(long, int), List<ScoredToken>> Completions { get; } = [];

    /// <summary>All that was sampled, by (arrival, choice).</summary>
    public Dictionary<(long, int), List<SampledToken>> Samples { get; } = [];

    /// <summary>How completions ended.</summary>
    public Dictionary<(long, int), FinishReason> Ends { get; } = [];

    public Sequence Add(GenerationOptions options)
    {
        var sequence = new Sequence(_arrivals++, options, options.Sampling.Seed ?? 42);
        Scheduler.Add(sequence);
        return sequence;
    }

    public Sequence Add(IReadOnlyList<int> prompt, int maxTokens = 4, int choices = 1, bool promptLogprobs = false, string? addon = null, string? isolation = null, double temperature = 0, double? mirostat = null, string? account = null, bool urgent = false)
    {
        var sequence = new Sequence(_arrivals++, new()
        {
            PromptTokenIds = prompt,
            MaxTokens = maxTokens,
            Choices = choices,
            PromptLogprobs = promptLogprobs,
            Addon = addon is null ? null : new Addon(addon, addon),
            IsolationKey = isolation,
            Account = account,
            IsUrgent = urgent,
            Sampling = new() { Temperature = temperature, MirostatTarget = mirostat },
        }, seed: 42);
        Scheduler.Add(sequence);
        return sequence;
    }

    public (StepPlan Plan, List<SequenceOutput> Outputs) Step()
    {
        var plan = Scheduler.Schedule();
        Assert.NotEqual(0, plan.Sequences.Length);
        Scheduler.Verify();
        Scheduler.Verify(plan);
        var logits = new float[plan.Rows.Length * Model.VocabularySize];
        Model.Forward(plan, logits);
        var outputs = Scheduler.Commit(plan, _sampler.Sample(logits, plan, Scheduler.Planned));
        Scheduler.Verify();
        foreach (var output in outputs)
        {
            var key = (output.Sequence.Arrival, output.Sequence.Choice);
            if (output.FinishReason is { } reason) Ends.Add(key, reason);
            if (output.IsPrompt || output.Token is not { } token) continue;
            if (!Samples.TryGetValue(key, out var samples)) Samples[key] = samples = [];
            Assert.Equal(samples.Count, output.Index);
            samples.Add(token);
            if (!Completions.TryGetValue(key, out var completion)) Completions[key] = completion = [];
            completion.Add(new(token.TokenId, token.Logprob));
        }
        return (plan, outputs);
    }

    public void RunToEnd(int maxSteps = 10_000)
    {
        for (int step = 0; Scheduler.HasWork; step++)
        {
            Assert.True(step < maxSteps, "the scheduler does not come to an end");
            Step();
        }
    }

    public List<ScoredToken> Completion(Sequence sequence, int choice = 0) => Completions[(sequence.Arrival, choice)];

    public static int[] Prompt(int length, int start = 0) => [.. Enumerable.Range(start, length).Select(i => i * 7 % 50)];
}
