namespace Hearth.Numerics;

/// <summary>
/// Cosines and sines of every position: computed in double, multiplied by the attention factor, rounded once (E4).
/// Grows on demand; not thread-safe while it grows.
/// </summary>
public sealed class RotaryTable : IDisposable
{
    private readonly double[] _inverseFrequencies;
    private readonly double _attentionFactor;
    private NativeBlock _block;
    private int _positions;

    /// <summary>A table for positions 0..<paramref name="maxPositions"/>-1 to start with.</summary>
    /// <param name="inverseFrequencies">One for each pair of channels: half of the rotated width.</param>
    /// <param name="attentionFactor">Multiplies cosine and sine (yarn, longrope); otherwise 1.</param>
    /// <param name="maxPositions">Positions to compute now.</param>
    public RotaryTable(ReadOnlySpan<double> inverseFrequencies, double attentionFactor = 1, int maxPositions = 1024)
    {
        if (inverseFrequencies.IsEmpty) throw new ArgumentException("RotaryTable: there are no frequencies.", nameof(inverseFrequencies));
        _inverseFrequencies = inverseFrequencies.ToArray();
        _attentionFactor = attentionFactor;
        _block = new NativeBlock(0);
        Reserve(maxPositions);
    }

    /// <summary>A table from float32 frequencies, widened exactly.</summary>
    public RotaryTable(ReadOnlySpan<float> inverseFrequencies, double attentionFactor = 1, int maxPositions = 1024)
        : this(Widen(inverseFrequencies), attentionFactor, maxPositions)
    {
    }

    /// <summary>Pairs of channels that rotate.</summary>
    public int Pairs => _inverseFrequencies.Length;

    /// <summary>Positions that the table holds now.</summary>
    public int Positions => _positions;

    /// <summary>Cosines of one position: [Pairs].</summary>
    public ReadOnlySpan<float> Cosines(int position) => Row(position)[..Pairs];

    /// <summary>Sines of one position: [Pairs].</summary>
    public ReadOnlySpan<float> Sines(int position) => Row(position)[Pairs..];

    /// <summary>Makes the table hold positions 0..<paramref name="positions"/>-1.</summary>
    public void Reserve(int positions)
    {
        if (positions <= _positions) return;
        int capacity = Math.Max(positions, (int)Math.Min(2L * _positions, int.MaxValue / (2 * Pairs)));
        var block = NativeBlock.ForFloats((long)capacity * 2 * Pairs, out var table);
        if (_positions > 0) _block.Floats(0, _positions * 2 * Pairs).Span.CopyTo(table.Span);
        for (int position = _positions; position < capacity; position++) Compute(position, table.Span.Slice(position * 2 * Pairs, 2 * Pairs));
        _block.Dispose();
        _block = block;
        _positions = capacity;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _block.Dispose();

    /// <summary>Row p is the cosines of position p, then its sines.</summary>
    internal unsafe float* Table => (float*)_block.Pointer;

    private Span<float> Row(int position)
    {
        Reserve(position + 1);
        return _block.Floats((long)position * 2 * Pairs, 2 * Pairs);
    }

    private void Compute(int position, Span<float> row)
    {
        for (int i = 0; i < Pairs; i++)
        {
            double angle = position * _inverseFrequencies[i];
            row[i] = (float)(Math.Cos(angle) * _attentionFactor);
            row[Pairs + i] = (float)(Math.Sin(angle) * _attentionFactor);
        }
    }

    private static double[] Widen(ReadOnlySpan<float> values)
    {
        var wide = new double[values.Length];
        for (int i = 0; i < wide.Length; i++) wide[i] = values[i];
        return wide;
    }
}
