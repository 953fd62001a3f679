using Hearth.Numerics;

namespace Hearth.Models;

/// <summary>What adapters add to the products of a pass, behind the base model's product and bias and before anything else (E2).</summary>
internal abstract class AdapterStep
{
    /// <summary>Changes embeddings. x: [T, D].</summary>
    public virtual void Embed(ReadOnlySpan<int> tokenIds, FloatBuffer x)
    {
    }

    /// <summary>True where some rows have another bias than the base model's: then <see cref="AddBias"/> adds all of them.</summary>
    public virtual bool ReplacesBias(int layer, Projection projection) => false;

    /// <summary>Adds each row's bias. y: [T, N].</summary>
    public virtual void AddBias(int layer, Projection projection, FloatBuffer bias, FloatBuffer y) => throw new NotSupportedException();

    /// <summary>What of a site can run beside the base model's products; <see cref="Add"/> of the same site follows them.</summary>
    public virtual LowRankPlan Begin(int layer, AdapterSite site, FloatBuffer x, ReadOnlySpan<FloatBuffer> outputs) => default;

    /// <summary>y = fma(s, B(Ax), y) for the projections of a site.</summary>
    /// <param name="layer">Index of the layer.</param>
    /// <param name="site">Which projections.</param>
    /// <param name="x">Their input, [T, K].</param>
    /// <param name="outputs">Their outputs, [T, N] each, in the site's order.</param>
    /// <param name="keep">Receives what a backward pass needs.</param>
    public abstract void Add(int layer, AdapterSite site, FloatBuffer x, ReadOnlySpan<FloatBuffer> outputs, LayerActivations keep);

    /// <summary>The same for experts <paramref name="first"/> .. <paramref name="end"/> - 1 of a layer; rows of x and y are their slots, from the first one's on.</summary>
    public abstract void AddExperts(int layer, AdapterSite site, int first, int end, in ExpertGroups groups, FloatBuffer x, ReadOnlySpan<FloatBuffer> outputs);

    /// <summary>Changes logits. x: [rows, D], the head's input; logits: [rows, V], the base model's.</summary>
    public virtual void AddHead(ReadOnlySpan<int> rows, FloatBuffer x, Span<float> logits)
    {
    }
}

/// <summary>One adapter in training, over all rows; its matrices change at every optimizer step, so they are used as they lie.</summary>
internal sealed class TrainedAdapterStep(ComputePool pool, Arena arena, LoraAdapter adapter, int rows) : AdapterStep
{
    public override void Add(int layer, AdapterSite site, FloatBuffer x, ReadOnlySpan<FloatBuffer> outputs, LayerActivations keep)
    {
        var projections = site.Projections();
        for (int i = 0; i < projections.Length; i++)
        {
            if (adapter.Pair(layer, projections[i]) is not { } pair) continue;
            var u = arena.Take(rows, pair.Rank);
            var mark = arena.Mark();
            pair.Forward(pool, x, rows, outputs[i], u, arena.Take(rows, pair.Outputs));
            arena.Release(mark);
            keep.LowRank[(int)projections[i]] = u;
        }
    }

    public override void AddExperts(int layer, AdapterSite site, int first, int end, in ExpertGroups groups, FloatBuffer x, ReadOnlySpan<FloatBuffer> outputs)
    {
        if (!adapter.HasExperts(layer)) return;
        var projections = site.Projections();
        for (int expert = first; expert < end; expert++)
        {
            int start = groups.Starts[expert] - groups.Starts[first], count = groups.Starts[expert + 1] - groups.Starts[expert];
            for (int i = 0; i < projections.Length && count > 0; i++)
            {
                if (adapter.Pair(layer, expert, projections[i]) is not { } pair) continue;
                var mark = arena.Mark();
                var u = arena.Take(count, pair.Rank); // the backward pass computes it again, expert by expert
                pair.Forward(pool, Rows(x, start, count, pair.Inputs), count, Rows(outputs[i], start, count, pair.Outputs), u, arena.Take(count, pair.Outputs));
                arena.Release(mark);
            }
        }
    }

    private static Span<float> Rows(FloatBuffer buffer, int start, int count, int width) => buffer.Span.Slice(start * width, count * width);
}
