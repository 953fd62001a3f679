namespace Hearth.Inference.Tests;

/// <summary>
/// The distribution that tokens are drawn from, probability by probability, against the formulas of Hugging Face's logits processors and OpenAI's penalties, computed
/// here in double precision with full sorts: nothing is shared with the sampler.
/// </summary>
public sealed class ReferenceDistributionTests
{
    private const int Vocabulary = 300;

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void Every_probability_is_that_of_the_formulas(int seed)
    {
        var random = new Rng((ulong)seed);
        for (int round = 0; round < 100; round++)
        {
            float[] logits = [.. Enumerable.Range(0, Vocabulary).Select(_ => random.Normal() * 3)];
            int[] prompt = [.. Enumerable.Range(0, 12).Select(_ => random.Below(Vocabulary))], completion = [.. Enumerable.Range(0, 9).Select(_ => random.Below(20))];
            var options = new SamplingOptions
            {
                Temperature = Either(1, 0.3 + random.Below(20) / 10.0),
                TopK = (int)Either(0, 1 + random.Below(80)),
                TopP = Either(1, (10 + random.Below(89)) / 100.0),
                MinP = Either(0, random.Below(30) / 100.0),
                TypicalP = Either(1, (10 + random.Below(89)) / 100.0),
                RepetitionPenalty = Either(1, 0.7 + random.Below(10) / 10.0),
                FrequencyPenalty = Either(0, random.Below(20) / 10.0 - 1),
                PresencePenalty = Either(0, random.Below(20) / 10.0 - 1),
                LogitBias = random.Below(3) == 0 ? new Dictionary<int, float> { [random.Below(Vocabulary)] = 5, [random.Below(Vocabulary)] = -100 } : null,
                Seed = (ulong)round,
            };
            int[] stops = [random.Between(20, Vocabulary - 1), random.Between(20, Vocabulary - 1)]; // the completion has none of them
            int minTokens = random.Below(2) == 0 ? 0 : 20;

            var expected = Reference(logits, options, prompt, completion, minTokens > completion.Length ? stops : []);
            var token = Sampling.Sample(logits, options, Vocabulary, prompt, completion, minTokens, stops);
            foreach (var alternative in token.Top)
            {
                double p = expected[alternative.TokenId];
                // A token whose probability is at a cut may fall to either side.
                Assert.True(Math.Abs(Math.Exp(alternative.SamplingLogprob) - p) < 2e-6 * Math.Max(1, p), $"{options}: token {alternative.TokenId} has {Math.Exp(alternative.SamplingLogprob)}, the formulas say {p}");
            }
            Assert.True(expected[token.TokenId] > 0);
        }

        double Either(double off, double on) => random.Below(2) == 0 ? off : on;
    }

    private static double[] Reference(float[] logits, SamplingOptions options, int[] prompt, int[] completion, int[] suppressed)
    {
        double[] scores = [.. logits.Select(logit => (double)logit)];
        // RepetitionPenaltyLogitsProcessor.
        foreach (int id in prompt.Concat(completion).Distinct()) scores[id] = scores[id] < 0 ? scores[id] * options.RepetitionPenalty : scores[id] / options.RepetitionPenalty;
        // OpenAI: mu[j] - c[j] * frequency - (c[j] > 0) * presence, over the completion.
        foreach (var group in completion.GroupBy(id => id)) scores[group.Key] -= group.Count() * options.FrequencyPenalty + options.PresencePenalty;
        foreach (var (id, bias) in options.LogitBias ?? new Dictionary<int, float>()) scores[id] += bias;
        // MinNewTokensLengthLogitsProcessor.
        foreach (int id in suppressed) scores[id] = double.NegativeInfinity;
        // TemperatureLogitsWarper, then each warper over the softmax of what the one before left.
        scores = [.. scores.Select(score => score / options.Temperature)];
        // TopKLogitsWarper.
        if (options.TopK > 0) Keep(scores, Enumerable.Range(0, Vocabulary).OrderByDescending(id => scores[id]).Take(options.TopK));
        // TopPLogitsWarper: the tokens before the cumulative share is reached, and the one that reaches it.
        if (options.TopP < 1) Keep(scores, Nucleus(Softmax(scores), id => -Softmax(scores)[id], options.TopP));
        // MinPLogitsWarper.
        if (options.MinP > 0)
        {
            double[] p = Softmax(scores);
            Keep(scores, Enumerable.Range(0, Vocabulary).Where(id => p[id] >= options.MinP * p.Max()));
        }
        // TypicalLogitsWarper.
        if (options.TypicalP < 1)
        {
            double[] p = Softmax(scores);
            double entropy = -p.Where(value => value > 0).Sum(value => value * Math.Log(value));
            Keep(scores, Nucleus(p, id => Math.Abs(-Math.Log(p[id]) - entropy), options.TypicalP));
        }
        return Softmax(scores);
    }

    private static IEnumerable<int> Nucleus(double[] p, Func<int, double> key, double share)
    {
        double sum = 0;
        double[] keys = [.. Enumerable.Range(0, p.Length).Select(key)];
        foreach (int id in Enumerable.Range(0, p.Length).Where(id => p[id] > 0).OrderBy(id => keys[id]))
        {
            if (sum >= share) yield break;
            sum += p[id];
            yield return id;
        }
    }

    private static void Keep(double[] scores, IEnumerable<int> ids)
    {
        var kept = ids.ToHashSet();
        for (int id = 0; id < scores.Length; id++)
            if (!kept.Contains(id)) scores[id] = double.NegativeInfinity;
    }

    private static double[] Softmax(double[] scores)
    {
        double max = scores.Max();
        double[] e = [.. scores.Select(score => Math.Exp(score - max))];
        double sum = e.Sum();
        return [.. e.Select(value => value / sum)];
    }
}
