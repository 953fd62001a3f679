using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    /// <summary>y += x.</summary>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void Add(ComputePool pool, ReadOnlySpan<float> x, Span<float> y)
    {
        Shapes.Require(x.Length, y.Length, nameof(Add), nameof(x));
        fixed (float* xs = x, ys = y)
            LaneWork.For(pool, LaneWork.Items(y.Length, LaneWork.ItemValues), new ElementwiseWork(Elementwise.Add, xs, 0, ys, y.Length));
    }

    /// <summary>y = fma(scale, u, y): the last step of a LoRA product (E2).</summary>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public static void AddScaled(ComputePool pool, ReadOnlySpan<float> u, float scale, Span<float> y)
    {
        Shapes.Require(u.Length, y.Length, nameof(AddScaled), nameof(u));
        fixed (float* us = u, ys = y)
            LaneWork.For(pool, LaneWork.Items(y.Length, LaneWork.ItemValues), new ElementwiseWork(Elementwise.AddScaled, us, scale, ys, y.Length));
    }

    /// <summary>x *= scale.</summary>
    public static void Scale(ComputePool pool, Span<float> x, float scale)
    {
        fixed (float* xs = x)
            LaneWork.For(pool, LaneWork.Items(x.Length, LaneWork.ItemValues), new ElementwiseWork(Elementwise.Scale, xs, scale, xs, x.Length));
    }

    /// <summary>y += bias, row by row.</summary>
    /// <remarks>y: [T, N]. bias: [N].</remarks>
    /// <exception cref="ArgumentException">y is no whole number of rows.</exception>
    public static void AddBias(ComputePool pool, Span<float> y, ReadOnlySpan<float> bias)
    {
        int rows = Shapes.Rows(y.Length, bias.Length, nameof(AddBias), nameof(y));
        fixed (float* ys = y, bs = bias)
        {
            var work = new AddBiasWork(ys, bs, rows, bias.Length);
            LaneWork.For(pool, LaneWork.Items(rows, work.RowsPerItem), work);
        }
    }

    /// <summary>dbias = sum of dy over rows: one chain, ascending; it starts from dbias when <paramref name="accumulate"/>.</summary>
    /// <remarks>dy: [T, N]. dbias: [N].</remarks>
    /// <exception cref="ArgumentException">dy is no whole number of rows.</exception>
    public static void BiasBackward(ComputePool pool, ReadOnlySpan<float> dy, Span<float> dbias, bool accumulate = false)
    {
        int rows = Shapes.Rows(dy.Length, dbias.Length, nameof(BiasBackward), nameof(dy));
        fixed (float* dys = dy, dbs = dbias)
            LaneWork.For(pool, LaneWork.Items(dbias.Length, 64), new BiasBackwardWork(dys, dbs, rows, dbias.Length, accumulate));
    }

    private enum Elementwise
    {
        Add,
        AddScaled,
        Scale,
    }

    private readonly struct ElementwiseWork(Elementwise operation, float* x, float scale, float* y, int length) : ILaneWork
    {
        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int start = item * LaneWork.ItemValues;
            int count = Math.Min(LaneWork.ItemValues, length - start);
            switch (operation)
            {
                case Elementwise.Add: AddRange<T>(x + start, y + start, count); break;
                case Elementwise.AddScaled: AddScaledRange<T>(x + start, scale, y + start, count); break;
                default: ScaleRange<T>(y + start, scale, count); break;
            }
        }
    }

    private readonly struct AddBiasWork(float* y, float* bias, int rows, int width) : ILaneWork
    {
        public readonly int RowsPerItem = LaneWork.RowsPerItem(width);

        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int end = Math.Min(rows, (item + 1) * RowsPerItem);
            for (int row = item * RowsPerItem; row < end; row++) AddRange<T>(bias, y + (long)row * width, width);
        }
    }

    private readonly struct BiasBackwardWork(float* dy, float* dbias, int rows, int width, bool accumulate) : ILaneWork
    {
        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int start = item * 64;
            int count = Math.Min(64, width - start);
            if (!accumulate) new Span<float>(dbias + start, count).Clear();
            for (int row = 0; row < rows; row++) AddRange<T>(dy + (long)row * width + start, dbias + start, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddRange<T>(float* x, float* y, int length) where T : unmanaged, ILanes<T>
    {
        int i = 0;
        for (; i <= length - 16; i += 16) T.Store(T.Load(y + i) + T.Load(x + i), y + i);
        if (i < length) T.StorePartial(T.LoadPartial(y + i, length - i) + T.LoadPartial(x + i, length - i), y + i, length - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddScaledRange<T>(float* x, float scale, float* y, int length) where T : unmanaged, ILanes<T>
    {
        var factor = T.Create(scale);
        int i = 0;
        for (; i <= length - 16; i += 16) T.Store(T.Fma(factor, T.Load(x + i), T.Load(y + i)), y + i);
        if (i < length)
            T.StorePartial(T.Fma(factor, T.LoadPartial(x + i, length - i), T.LoadPartial(y + i, length - i)), y + i, length - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScaleRange<T>(float* x, float scale, int length) where T : unmanaged, ILanes<T>
    {
        var factor = T.Create(scale);
        int i = 0;
        for (; i <= length - 16; i += 16) T.Store(T.Load(x + i) * factor, x + i);
        if (i < length) T.StorePartial(T.LoadPartial(x + i, length - i) * factor, x + i, length - i);
    }
}
