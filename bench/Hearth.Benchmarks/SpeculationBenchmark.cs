using System.Diagnostics;
using Hearth.Inference;

namespace Hearth.Benchmarks;

/// <summary>
/// What drafts save and cost: answers of one request on SmolLM2-135M's shapes with speculation and without, in turns. The answers must be equal.
/// </summary>
internal static class SpeculationBenchmark
{
    private const int PromptTokens = 96, AnswerTokens = 128, Ngram = 8;
    private const int Rounds = 2;

    public static void Run(Report report)
    {
        string folder = Directory.CreateTempSubdirectory("hearth-bench-").FullName;
        try
        {
            RandomModel.Write(folder);
            using var files = Models.ModelFiles.Open(folder);
            using var engine = new Engine(ModelRunner.Load(files, new() { CacheTokens = 2048, Threads = 2 }));
            report.Note($"one request, {PromptTokens} tokens of prompt, {AnswerTokens} of answer, bf16 weights, 2 threads; best of {Rounds} rounds in turns; peer: the same engine without speculation");
            var sampled = Request() with { Sampling = new() { Temperature = 1, Seed = 7 } };
            var greedy = Request() with { Sampling = SamplingOptions.Greedy };
            var (answer, _) = Generate(engine, sampled); // random weights: hardly a token comes twice
            Compare(report, engine, "ngram-repetitive", greedy, greedy with { NgramDrafts = Ngram });
            Compare(report, engine, "prediction-exact", sampled, sampled with { PredictedTokenIds = answer });
            Compare(report, engine, "prediction-edited", sampled, sampled with { PredictedTokenIds = [.. answer.Select((id, i) => i % 16 == 7 ? id + 1 : id)] });
            Compare(report, engine, "ngram-without-repetition", sampled, sampled with { NgramDrafts = Ngram });
            Compare(report, engine, "prediction-all-wrong", sampled, sampled with { PredictedTokenIds = Misleading(answer) });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static GenerationOptions Request() => new()
    {
        PromptTokenIds = [.. Enumerable.Range(0, PromptTokens).Select(i => 3 + (int)(i * 7919u % (RandomModel.Vocabulary - 3)))],
        MaxTokens = AnswerTokens,
        IgnoreEos = true,
        NgramDrafts = 0,
    };

    // Every pair of neighbours in the answer is there, followed by something else: the place is always found and the draft always wrong.
    private static int[] Misleading(int[] answer) => [.. answer.Zip(answer.Skip(1)).SelectMany(pair => (int[])[pair.First, pair.Second, 1, 1])];

    private static void Compare(Report report, Engine engine, string cell, GenerationOptions without, GenerationOptions with)
    {
        if (!report.Wants(cell)) return;
        double best = double.MaxValue, plain = double.MaxValue;
        DraftCounts drafts = default;
        for (int round = 0; round < Rounds; round++)
        {
            var (expected, seconds) = Generate(engine, without);
            plain = Math.Min(plain, seconds);
            var before = engine.Metrics.Drafts;
            (var ids, seconds) = Generate(engine, with);
            best = Math.Min(best, seconds);
            if (!expected.SequenceEqual(ids)) throw new InvalidOperationException($"{cell}: speculation changed the answer.");
            var after = engine.Metrics.Drafts;
            drafts = new(after.Proposed - before.Proposed, after.Accepted - before.Accepted, after.Predicted - before.Predicted, after.AcceptedPredicted - before.AcceptedPredicted);
        }
        report.AddRate(cell, (AnswerTokens - 1) / best, (AnswerTokens - 1) / plain, "tokens/s", $"without; {drafts.Accepted} of {drafts.Proposed} drafts accepted");
    }

    // From the first token to the last: the prompt is not counted.
    private static (int[] Ids, double Seconds) Generate(Engine engine, GenerationOptions request)
    {
        var ids = new List<int>();
        long start = 0;
        var handle = engine.Submit(request);
        foreach (var step in handle.ReadAllAsync().ToBlockingEnumerable())
        {
            if (ids.Count == 0) start = Stopwatch.GetTimestamp();
            ids.Add(step.TokenId!.Value);
        }
        return ([.. ids], Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}
