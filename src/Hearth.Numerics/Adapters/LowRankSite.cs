namespace Hearth.Numerics;

/// <summary>The low-rank update of one matrix as an adapter states it: y = fma(scale, B(Ax) + bias, y).</summary>
/// <param name="Rank">R; 0: the adapter leaves this matrix alone.</param>
/// <param name="Outputs">Width of y.</param>
/// <param name="Scale">Alpha / R or alpha / sqrt(R); never folded into B (E2).</param>
/// <param name="HasBias">Whether the update has a bias of its own, added before the scale.</param>
public readonly record struct LowRankShape(int Rank, int Outputs, float Scale, bool HasBias = false)
{
    /// <summary>Floats that B and the bias take when packed.</summary>
    internal long PackedFloats => Rank == 0 ? 0 : Panels(Outputs) * ((long)Rank + (HasBias ? 1 : 0)) * LowRankSite.Lanes;

    internal static int Panels(int columns) => (columns + LowRankSite.Lanes - 1) / LowRankSite.Lanes;
}

/// <summary>
/// The low-rank updates of matrices that read the same input (q, k and v; gate and up), laid out for <see cref="Kernels.AddLowRank"/>.
/// </summary>
/// <remarks>
/// The A matrices lie beside each other, so that one pass over x makes all their products: panels of 16 columns, inside a panel by k. A column belongs to one rank
/// of one matrix; the last panel is filled up with zero columns, which nobody reads. Ranks are never padded (E2). Each B: panels of 16 outputs, inside a panel by rank, then
/// its bias. The memory belongs to whoever made the site.
/// </remarks>
public sealed unsafe class LowRankSite
{
    internal const int Lanes = 16;

    private readonly LowRankShape[] _members;
    private readonly int[] _columns;
    private readonly float*[] _b;

    /// <summary>A site in zeroed memory of <see cref="FloatsFor"/> values.</summary>
    public LowRankSite(int inputs, ReadOnlySpan<LowRankShape> members, FloatBuffer memory)
    {
        Shapes.Require(memory.Length, FloatsFor(inputs, members), nameof(LowRankSite), nameof(memory));
        Inputs = inputs;
        _members = members.ToArray();
        _columns = new int[members.Length];
        _b = new float*[members.Length];
        int columns = 0;
        for (int i = 0; i < members.Length; i++)
        {
            _columns[i] = columns;
            columns += members[i].Rank;
        }
        Panels = LowRankShape.Panels(columns);
        fixed (float* start = memory.Span) // native memory: it does not move
        {
            A = start;
            float* next = start + (nint)Panels * inputs * Lanes;
            for (int i = 0; i < members.Length; i++)
            {
                _b[i] = next;
                next += members[i].PackedFloats;
            }
        }
    }

    /// <summary>Width of x.</summary>
    public int Inputs { get; }

    /// <summary>The matrices, in order.</summary>
    public ReadOnlySpan<LowRankShape> Members => _members;

    internal int Panels { get; }

    internal float* A { get; }

    internal float* B(int member) => _b[member];

    /// <summary>Where a member's products begin among a row's.</summary>
    internal int Column(int member) => _columns[member];

    /// <summary>Floats of memory that a site takes.</summary>
    public static long FloatsFor(int inputs, ReadOnlySpan<LowRankShape> members)
    {
        int columns = 0;
        long floats = 0;
        foreach (var member in members)
        {
            columns += member.Rank;
            floats += member.PackedFloats;
        }
        return floats + (long)LowRankShape.Panels(columns) * inputs * Lanes;
    }

    /// <summary>Lays out one member's matrices. a: [R, inputs]; b: [outputs, R]; bias: [outputs], or empty where it has none.</summary>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public void Pack(int member, ReadOnlySpan<float> a, ReadOnlySpan<float> b, ReadOnlySpan<float> bias = default)
    {
        var (rank, outputs, _, hasBias) = _members[member];
        Shapes.Require(a.Length, (long)rank * Inputs, nameof(Pack), nameof(a));
        Shapes.Require(b.Length, (long)outputs * rank, nameof(Pack), nameof(b));
        Shapes.Require(bias.Length, hasBias ? outputs : 0, nameof(Pack), nameof(bias));
        fixed (float* source = a)
            for (int r = 0; r < rank; r++) Spread(source + (nint)r * Inputs, Inputs, A + Place(_columns[member] + r, Inputs));
        int panelRows = rank + (hasBias ? 1 : 0);
        fixed (float* source = b)
            for (int n = 0; n < outputs; n++) Spread(source + (nint)n * rank, rank, _b[member] + Place(n, panelRows));
        for (int n = 0; n < bias.Length; n++) _b[member][Place(n, panelRows) + rank * Lanes] = bias[n];
    }

    private static nint Place(int column, int rows) => (nint)(column / Lanes) * rows * Lanes + column % Lanes;

    private static void Spread(float* source, int count, float* target)
    {
        for (int k = 0; k < count; k++) target[k * Lanes] = source[k];
    }
}
