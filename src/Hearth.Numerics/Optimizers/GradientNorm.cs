using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Hearth.Numerics;

public static unsafe partial class Kernels
{
    /// <summary>Sum of squares of one tensor in double, by E3. The caller adds tensors in ordinal order of their names (E8).</summary>
    /// <remarks>The square of a float32 is exact in double, so this has the same bits with and without FMA.</remarks>
    public static double SumOfSquaresDouble(ReadOnlySpan<float> x)
    {
        fixed (float* xs = x) return SumOfSquaresDouble(xs, x.Length);
    }

    /// <summary>The factor that brings a gradient of this norm below a limit: min(1, maxNorm / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_.</summary>
    public static float ClipFactor(double norm, double maxNorm) => (float)Math.Min(1, maxNorm / (norm + 1e-6));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SumOfSquaresDouble(float* x, long length)
    {
        Vector256<double> a = default, b = default, c = default, d = default;
        long i = 0;
        for (; i <= length - 16; i += 16)
        {
            a += Square(x + i);
            b += Square(x + i + 4);
            c += Square(x + i + 8);
            d += Square(x + i + 12);
        }
        if (i < length)
        {
            float* rest = stackalloc float[16];
            new Span<float>(rest, 16).Clear();
            for (int j = 0; i + j < length; j++) rest[j] = x[i + j];
            a += Square(rest);
            b += Square(rest + 4);
            c += Square(rest + 8);
            d += Square(rest + 12);
        }
        a += c; // 16 to 8 lanes
        b += d;
        a += b; // 8 to 4
        var two = a.GetLower() + a.GetUpper();
        return two[0] + two[1];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Square(float* x)
    {
        var (low, high) = Vector128.Widen(Vector128.Load(x));
        var wide = Vector256.Create(low, high);
        return wide * wide;
    }
}
