using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    /// <summary>y = silu(gate) * up with silu(x) = x sigmoid(x). arXiv:2002.05202, eq. 6.</summary>
    /// <remarks>gate, up, y: [T, F]. y may be gate or up.</remarks>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void SwiGlu(ComputePool pool, ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> y)
    {
        Shapes.Require(up.Length, gate.Length, nameof(SwiGlu), nameof(up));
        Shapes.Require(y.Length, gate.Length, nameof(SwiGlu), nameof(y));
        fixed (float* gates = gate, ups = up, ys = y)
            LaneWork.For(pool, LaneWork.Items(y.Length, LaneWork.ItemValues), new SwiGluWork(gates, ups, ys, y.Length));
    }

    /// <summary>Gradients of <see cref="SwiGlu"/>: with s = sigmoid(gate), dup = dy gate s and dgate = dy up s (1 + gate (1 - s)).</summary>
    /// <remarks>All [T, F]; dgate and dup overwrite. dgate may be gate or dy, dup may be up.</remarks>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void SwiGluBackward(
        ComputePool pool, ReadOnlySpan<float> dy, ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> dgate, Span<float> dup)
    {
        const string operation = nameof(SwiGluBackward);
        Shapes.Require(gate.Length, dy.Length, operation, nameof(gate));
        Shapes.Require(up.Length, dy.Length, operation, nameof(up));
        Shapes.Require(dgate.Length, dy.Length, operation, nameof(dgate));
        Shapes.Require(dup.Length, dy.Length, operation, nameof(dup));
        fixed (float* dys = dy, gates = gate, ups = up, dgates = dgate, dups = dup)
            LaneWork.For(pool, LaneWork.Items(dy.Length, LaneWork.ItemValues), new SwiGluBackwardWork(dys, gates, ups, dgates, dups, dy.Length));
    }

    /// <summary>y = x sigmoid(x), element by element.</summary>
    /// <remarks>y may be x.</remarks>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Silu(ComputePool pool, ReadOnlySpan<float> x, Span<float> y)
    {
        Shapes.Require(y.Length, x.Length, nameof(Silu), nameof(y));
        fixed (float* xs = x, ys = y)
            LaneWork.For(pool, LaneWork.Items(y.Length, LaneWork.ItemValues), new SwiGluWork(xs, null, ys, y.Length));
    }

    /// <summary>dx = dy s (1 + x (1 - s)) with s = sigmoid(x).</summary>
    /// <remarks>dx overwrites and may be dy or x.</remarks>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void SiluBackward(ComputePool pool, ReadOnlySpan<float> dy, ReadOnlySpan<float> x, Span<float> dx)
    {
        Shapes.Require(x.Length, dy.Length, nameof(SiluBackward), nameof(x));
        Shapes.Require(dx.Length, dy.Length, nameof(SiluBackward), nameof(dx));
        fixed (float* dys = dy, xs = x, dxs = dx)
            LaneWork.For(pool, LaneWork.Items(dy.Length, LaneWork.ItemValues), new SwiGluBackwardWork(dys, xs, null, dxs, null, dy.Length));
    }

    /// <summary>up is null for plain silu.</summary>
    private readonly struct SwiGluWork(float* gate, float* up, float* y, int length) : ILaneWork
    {
        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int start = item * LaneWork.ItemValues;
            int count = Math.Min(LaneWork.ItemValues, length - start);
            SwiGluRange<T>(gate + start, up == null ? null : up + start, y + start, count);
        }
    }

    private readonly struct SwiGluBackwardWork(float* dy, float* gate, float* up, float* dgate, float* dup, int length) : ILaneWork
    {
        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int start = item * LaneWork.ItemValues;
            int count = Math.Min(LaneWork.ItemValues, length - start);
            if (up == null) SiluBackwardRange<T>(dy + start, gate + start, dgate + start, count);
            else SwiGluBackwardRange<T>(dy + start, gate + start, up + start, dgate + start, dup + start, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SwiGluRange<T>(float* gate, float* up, float* y, int length) where T : unmanaged, ILanes<T>
    {
        int i = 0;
        for (; i <= length - 16; i += 16)
        {
            var g = T.Load(gate + i);
            var value = g * VectorMath.Sigmoid(g);
            if (up != null) value *= T.Load(up + i);
            T.Store(value, y + i);
        }
        if (i == length) return;
        var last = T.LoadPartial(gate + i, length - i);
        last *= VectorMath.Sigmoid(last);
        if (up != null) last *= T.LoadPartial(up + i, length - i);
        T.StorePartial(last, y + i, length - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SwiGluBackwardRange<T>(float* dy, float* gate, float* up, float* dgate, float* dup, int length)
        where T : unmanaged, ILanes<T>
    {
        for (int i = 0; i < length; i += 16)
        {
            int count = length - i;
            bool whole = count >= 16;
            var d = whole ? T.Load(dy + i) : T.LoadPartial(dy + i, count);
            var g = whole ? T.Load(gate + i) : T.LoadPartial(gate + i, count);
            var u = whole ? T.Load(up + i) : T.LoadPartial(up + i, count);
            var slope = SiluSlope(g, out var silu);
            var dg = d * u * slope;
            var du = d * silu;
            if (whole)
            {
                T.Store(dg, dgate + i);
                T.Store(du, dup + i);
            }
            else
            {
                T.StorePartial(dg, dgate + i, count);
                T.StorePartial(du, dup + i, count);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SiluBackwardRange<T>(float* dy, float* x, float* dx, int length) where T : unmanaged, ILanes<T>
    {
        int i = 0;
        for (; i <= length - 16; i += 16) T.Store(T.Load(dy + i) * SiluSlope(T.Load(x + i), out _), dx + i);
        if (i < length)
            T.StorePartial(T.LoadPartial(dy + i, length - i) * SiluSlope(T.LoadPartial(x + i, length - i), out _), dx + i, length - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T SiluSlope<T>(T x, out T silu) where T : unmanaged, ILanes<T>
    {
        var one = T.Create(1f);
        var s = VectorMath.Sigmoid(x);
        silu = x * s;
        return s * T.Fma(x, one - s, one);
    }
}
