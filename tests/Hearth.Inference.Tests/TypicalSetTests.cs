namespace Hearth.Inference.Tests;

/// <summary>Typical-p against its definition: surprise -log p, entropy, a sort of the whole vocabulary, all in double.</summary>
public sealed class TypicalSetTests
{
    // Surprises of 1, 2, 3 and 3 bits, an entropy of 1.75.
    private static readonly double[] Halves = [0.5, 0.25, 0.125, 0.125];

    [Theory]
    [InlineData(0.1, new[] { 1 })] // not the most probable token
    [InlineData(0.24, new[] { 1 })]
    [InlineData(0.26, new[] { 0, 1 })]
    [InlineData(0.74, new[] { 0, 1 })]
    [InlineData(0.76, new[] { 0, 1, 2 })] // a tie: the lower id
    [InlineData(0.9, new[] { 0, 1, 2, 3 })]
    public void The_tokens_nearest_to_the_entropy_stay(double share, int[] expected) =>
        Assert.Equal(expected, Kept([.. Halves.Select(p => (float)Math.Log(p))], share));

    [Fact]
    public void Equal_tokens_stay_from_the_lowest_id_on() => Assert.Equal(Enumerable.Range(0, 30), Kept(new float[100], 0.295));

    [Fact]
    public void What_was_cut_before_stays_cut_and_counts_for_nothing()
    {
        float[] logits = [.. Halves.Select(p => (float)Math.Log(p)), Cuts.Masked, Cuts.Masked];
        Assert.Equal([0, 1, 2, 3], Kept(logits, 0.999));
        Assert.Equal([1], Kept(logits, 0.24));
    }

    [Theory, InlineData(7), InlineData(50), InlineData(1500), InlineData(5000)]
    public void It_is_the_smallest_set_in_the_order_of_the_definition(int vocabulary)
    {
        var random = new Rng((ulong)vocabulary);
        for (int round = 0; round < 60; round++)
        {
            // From flat to peaked; every other row rounded, so that there are ties.
            float scale = 0.2f + random.Below(40) / 10f;
            float[] logits = [.. Enumerable.Range(0, vocabulary).Select(_ => random.Normal() * scale).Select(x => round % 2 == 0 ? x : MathF.Round(x * 4) / 4)];
            double share = (1 + random.Below(99)) / 100.0;

            var p = Probabilities(logits);
            double entropy = -p.Sum(x => x * Math.Log(x));
            int[] order = [.. Enumerable.Range(0, vocabulary).OrderBy(id => Math.Round(Math.Abs(-Math.Log(p[id]) - entropy), 10)).ThenBy(id => id)];
            int[] kept = Kept(logits, share);
            Assert.Equal(order.Take(kept.Length).Order(), kept);
            double mass = kept.Sum(id => p[id]);
            Assert.True(mass >= share - 1e-5, $"{kept.Length} tokens have {mass}, wanted {share}");
            Assert.True(mass - p[order[kept.Length - 1]] < share + 1e-5, $"{kept.Length - 1} tokens were enough for {share}");
        }
    }

    private static int[] Kept(float[] logits, double share)
    {
        float[] cut = [.. logits];
        new TypicalSet(cut.Length).Keep(cut, cut.Max(), share);
        for (int id = 0; id < cut.Length; id++) Assert.True(cut[id] == logits[id] || cut[id] == Cuts.Masked);
        return [.. Enumerable.Range(0, cut.Length).Where(id => cut[id] != Cuts.Masked)];
    }

    private static double[] Probabilities(float[] logits)
    {
        double[] e = [.. logits.Select(logit => Math.Exp((double)logit))];
        double sum = e.Sum();
        return [.. e.Select(value => value / sum)];
    }
}
