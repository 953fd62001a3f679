using Hearth.Models;
using Hearth.Numerics;
using Xunit;

namespace Hearth.Training.Tests;

public sealed class GradientTreeTests
{
    private static float Leaf(int index) => 1f / (index + 3);

    // Neighbours are added, an odd one moves up: written out as the definition says.
    private static float Tree(IReadOnlyList<float> values)
    {
        if (values.Count == 1) return values[0];
        var next = new List<float>();
        for (int i = 0; i + 1 < values.Count; i += 2) next.Add(values[i] + values[i + 1]);
        if (values.Count % 2 == 1) next.Add(values[^1]);
        return Tree(next);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(5), InlineData(7), InlineData(8), InlineData(13), InlineData(64)]
    public void Leaves_are_added_by_a_binary_tree_over_their_index(int count)
    {
        using var pool = new ComputePool(1);
        using var parameters = ParameterSet.Create([("w", 1, 1, true)]);
        using var tree = new GradientTree(parameters, pool);
        for (int step = 0; step < 2; step++) // the second step reuses buffers
        {
            for (int i = 0; i < count; i++)
            {
                var leaf = tree.Rent();
                leaf.Of(parameters["w"]).Span[0] = Leaf(i);
                tree.Add(leaf);
            }
            var total = tree.Finish();
            Assert.Equal(Tree([.. Enumerable.Range(0, count).Select(Leaf)]), total.Of(parameters["w"]).Span[0]);
            tree.Return(total);
        }
    }

    [Fact]
    public void A_step_without_leaves_is_an_error()
    {
        using var pool = new ComputePool(1);
        using var parameters = ParameterSet.Create([("w", 1, 1, true)]);
        using var tree = new GradientTree(parameters, pool);
        Assert.Throws<InvalidOperationException>(() => tree.Finish());
    }
}
