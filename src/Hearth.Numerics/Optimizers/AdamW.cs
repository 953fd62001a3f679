using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

/// <summary>Constants of one <see cref="Kernels.AdamW"/> update. Defaults: torch.optim.AdamW.</summary>
public readonly record struct AdamWSettings()
{
    /// <summary>Step size.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Decay of the mean of gradients.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the mean of squared gradients.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled decay: each step multiplies the parameter by 1 - LearningRate * WeightDecay.</summary>
    public double WeightDecay { get; init; } = 1e-2;
}

public static unsafe partial class Kernels
{
    /// <summary>One update with decoupled weight decay, as torch.optim.AdamW computes it. arXiv:1711.05101, algorithm 2.</summary>
    /// <remarks>parameter, m and v are updated in place. <paramref name="step"/> counts from 1.</remarks>
    /// <exception cref="ArgumentException">A length does not fit, or step is below 1.</exception>
    public static void AdamW(
        ComputePool pool, Span<float> parameter, ReadOnlySpan<float> gradient, Span<float> m, Span<float> v, in AdamWSettings settings, int step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        Shapes.Require(gradient.Length, parameter.Length, nameof(AdamW), nameof(gradient));
        Shapes.Require(m.Length, parameter.Length, nameof(AdamW), nameof(m));
        Shapes.Require(v.Length, parameter.Length, nameof(AdamW), nameof(v));
        // Scalars are double and rounded once; powers by squaring, because Math.Pow differs between platforms.
        double correction1 = 1 - Power(settings.Beta1, step);
        double correction2 = 1 - Power(settings.Beta2, step);
        var factors = new AdamWFactors(
            (float)(1 - settings.LearningRate * settings.WeightDecay), (float)(1 - settings.Beta1), (float)settings.Beta2,
            (float)(1 - settings.Beta2), (float)(1 / Math.Sqrt(correction2)), (float)settings.Epsilon,
            (float)(settings.LearningRate / correction1));
        fixed (float* ps = parameter, gs = gradient, ms = m, vs = v)
            LaneWork.For(pool, LaneWork.Items(parameter.Length, LaneWork.ItemValues), new AdamWWork(ps, gs, ms, vs, parameter.Length, factors));
    }

    private static double Power(double value, int exponent)
    {
        double result = 1;
        for (; exponent > 0; exponent >>= 1, value *= value)
            if ((exponent & 1) != 0) result *= value;
        return result;
    }

    private readonly record struct AdamWFactors(
        float Keep, float OneMinusBeta1, float Beta2, float OneMinusBeta2, float RootScale, float Epsilon, float StepSize);

    private readonly struct AdamWWork(float* parameter, float* gradient, float* m, float* v, int length, AdamWFactors factors) : ILaneWork
    {
        public void Run<T>(int item, int thread) where T : unmanaged, ILanes<T>
        {
            int start = item * LaneWork.ItemValues;
            AdamWRange<T>(parameter + start, gradient + start, m + start, v + start, Math.Min(LaneWork.ItemValues, length - start), factors);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AdamWRange<T>(float* parameter, float* gradient, float* m, float* v, int length, AdamWFactors factors)
        where T : unmanaged, ILanes<T>
    {
        for (int i = 0; i < length; i += 16)
        {
            int count = length - i;
            bool whole = count >= 16;
            var g = whole ? T.Load(gradient + i) : T.LoadPartial(gradient + i, count);
            var p = (whole ? T.Load(parameter + i) : T.LoadPartial(parameter + i, count)) * T.Create(factors.Keep);
            var mean = whole ? T.Load(m + i) : T.LoadPartial(m + i, count);
            var square = (whole ? T.Load(v + i) : T.LoadPartial(v + i, count)) * T.Create(factors.Beta2);
            mean = T.Fma(g - mean, T.Create(factors.OneMinusBeta1), mean);
            square = T.Fma(g * T.Create(factors.OneMinusBeta2), g, square);
            var root = T.Fma(T.Sqrt(square), T.Create(factors.RootScale), T.Create(factors.Epsilon));
            p = T.FmaNegated(T.Create(factors.StepSize), mean / root, p);
            if (whole)
            {
                T.Store(p, parameter + i);
                T.Store(mean, m + i);
                T.Store(square, v + i);
            }
            else
            {
                T.StorePartial(p, parameter + i, count);
                T.StorePartial(mean, m + i, count);
                T.StorePartial(square, v + i, count);
            }
        }
    }
}
