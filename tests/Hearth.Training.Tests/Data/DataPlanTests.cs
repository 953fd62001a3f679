using Xunit;

namespace Hearth.Training.Tests;

public sealed class DataPlanTests
{
    private static TokenizedRow Row(int length, int line) => new(new int[length], [.. Enumerable.Repeat(1f, length)], line);

    private static List<TokenizedRow> Rows(int count, int length = 11) => [.. Enumerable.Range(1, count).Select(line => Row(length, line))];

    [Fact]
    public void Every_row_is_trained_once_an_epoch_in_an_order_of_its_own()
    {
        var plan = DataPlan.Build(Rows(10), epochs: 2, samplesPerStep: 5, tokensPerStep: 0, contextLength: 100, seed: 3);
        Assert.Equal(4, plan.Count);
        var first = plan.Take(2).SelectMany(step => step.SourceLines).ToArray();
        var second = plan.Skip(2).SelectMany(step => step.SourceLines).ToArray();
        Assert.Equal(Enumerable.Range(1, 10), first.Order());
        Assert.Equal(Enumerable.Range(1, 10), second.Order());
        Assert.NotEqual(first, second);
        Assert.Equal([0.5, 1, 1.5, 2], plan.Select(step => step.EpochAtEnd));
    }

    [Fact]
    public void Half_an_epoch_is_half_of_the_rows()
    {
        var plan = DataPlan.Build(Rows(10), epochs: 0.5, samplesPerStep: 2, tokensPerStep: 0, contextLength: 100, seed: 0);
        Assert.Equal(5, plan.Sum(step => step.SourceLines.Count()));
    }

    [Fact]
    public void A_step_of_tokens_holds_as_many_rows_as_fit()
    {
        var plan = DataPlan.Build(Rows(7), epochs: 1, samplesPerStep: null, tokensPerStep: 33, contextLength: 100, seed: 0);
        Assert.Equal([3, 3, 1], plan.Select(step => step.SourceLines.Count()));
    }

    [Fact]
    public void A_packed_row_never_exceeds_the_context()
    {
        var plan = DataPlan.Build(Rows(7), epochs: 1, samplesPerStep: 7, tokensPerStep: 0, contextLength: 25, seed: 0);
        Assert.Equal([20, 20, 20, 10], plan[0].Rows.Select(row => row.Length));
    }

    [Fact]
    public void Microbatches_change_grouping_but_not_the_rows_or_their_order()
    {
        var rows = DataPlan.Build(Rows(7), epochs: 1, samplesPerStep: 7, tokensPerStep: 0, contextLength: 10, seed: 0)[0].Rows;
        Assert.Equal(rows, BatchBuilder.Microbatches(rows, 1).SelectMany(part => part));
        Assert.Equal(rows, BatchBuilder.Microbatches(rows, 25).SelectMany(part => part));
        Assert.All(BatchBuilder.Microbatches(rows, 25), part => Assert.True(part.Sum(row => row.Length) <= 25));
    }

    [Fact]
    public void A_batch_predicts_each_next_token_inside_its_segment()
    {
        var row = new PackedRow([new TokenizedRow([5, 6, 7], [0, 0, 1], 1), new TokenizedRow([8, 9], [0, 1], 2)]);
        var batch = BatchBuilder.Build([row], lossWeightOfStep: 2, oneLeaf: false);
        Assert.Equal([5, 6, 8], batch.TokenIds);
        Assert.Equal([6, 7, 9], batch.Targets);
        Assert.Equal([0, 1, 0], batch.Positions);
        Assert.Equal([0, 0.5f, 0.5f], batch.Weights);
        Assert.Equal([(0, 2), (2, 1)], batch.Segments);
        Assert.Equal([(0, 3)], batch.Leaves);
    }
}
