using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>
/// <see cref="FewRowsKernels{T,TColumns}.OneRow"/> for AVX2, where instructions are what there is least of: a register assigned to itself becomes the multiply-add's
/// own target, while one inside a pair of registers costs a move.
/// </summary>
internal static unsafe class OneRowAvx2<TColumns> where TColumns : unmanaged, IColumns<Avx2Lanes>
{
    /// <summary>One row by 32 outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(byte* panel, float* x, int inputs, float* y)
    {
        Vector256<float> a0 = default, a1 = default, a2 = default, a3 = default;
        TColumns w0 = default, w1 = default;
        float* scratch = stackalloc float[2 * Columns.Scratch];
        nint at = 0;
        int run = Math.Min(TColumns.Run, inputs);
        for (int k = 0; k < inputs; k += run)
        {
            w0.Enter(panel, k, 0, scratch, k == 0);
            w1.Enter(panel, k, 1, scratch + Columns.Scratch, k == 0);
            byte* leg = TColumns.Legs(panel, k);
            int left = run;
            do
            {
                w0.Load(leg, left, 0);
                w1.Load(leg, left, 1);
                int steps = TColumns.Leg(left);
                leg += TColumns.LegBytes(left);
                left -= steps;
                Vector256<float> s0 = a0, s1 = a1, s2 = a2, s3 = a3;
                do
                {
                    var value = Avx.BroadcastScalarToVector256(x + at);
                    var w = w0.Next();
                    s0 = Fma.MultiplyAdd(value, w.Low, s0);
                    s1 = Fma.MultiplyAdd(value, w.High, s1);
                    w = w1.Next();
                    s2 = Fma.MultiplyAdd(value, w.Low, s2);
                    s3 = Fma.MultiplyAdd(value, w.High, s3);
                    at++;
                }
                while (--steps > 0);
                (a0, a1, a2, a3) = (s0, s1, s2, s3);
            }
            while (left > 0);
        }
        Avx.Store(y, a0);
        Avx.Store(y + 8, a1);
        Avx.Store(y + 16, a2);
        Avx.Store(y + 24, a3);
    }
}
