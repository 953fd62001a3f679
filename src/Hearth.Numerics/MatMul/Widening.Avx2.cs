using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

/// <summary>Rows of a panel to a float32 tile of two halves, [k][16] each: outputs 0-15 at <c>tile</c>, 16-31 at <c>tile + half</c>.</summary>
internal static unsafe class WideningAvx2
{
    /// <summary>Eight binary16 values to float32; see <see cref="Widening.FromFloat16"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Float16(byte* source)
    {
        var bits = Avx2.ConvertToVector256Int32((ushort*)source);
        var sign = Avx2.ShiftLeftLogical(bits & Vector256.Create(0x8000), 16);
        var magnitude = Avx2.ShiftLeftLogical(bits & Vector256.Create(0x7FFF), 13);
        var scaled = Avx.Multiply(magnitude.AsSingle(), Vector256.Create(5.192296858534828e33f)).AsInt32();
        var top = Vector256.Create(0x7C00);
        var special = Avx2.CompareEqual(bits & top, top);
        var wide = Avx2.BlendVariable(scaled, magnitude | Vector256.Create(0x7F800000), special);
        return (wide | sign).AsSingle();
    }

    /// <summary>Rows of 32 floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void F32(byte* source, int k, float* tile, nint half)
    {
        for (float* end = tile + k * 16; tile < end; tile += 16, source += 128)
        {
            Avx.Store(tile, Avx.LoadVector256((float*)source));
            Avx.Store(tile + 8, Avx.LoadVector256((float*)source + 8));
            Avx.Store(tile + half, Avx.LoadVector256((float*)source + 16));
            Avx.Store(tile + half + 8, Avx.LoadVector256((float*)source + 24));
        }
    }

    /// <summary>Rows of 16 words of two bfloat16 each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void BF16(byte* source, int k, float* tile, nint half)
    {
        var upper = Vector256.Create(0xFFFF0000u);
        for (float* end = tile + k * 16; tile < end; tile += 16, source += 64)
        {
            var left = Avx.LoadVector256((uint*)source);
            var right = Avx.LoadVector256((uint*)source + 8);
            Avx.Store(tile, Avx2.ShiftLeftLogical(left, 16).AsSingle());
            Avx.Store(tile + 8, Avx2.ShiftLeftLogical(right, 16).AsSingle());
            Avx.Store(tile + half, Avx2.And(left, upper).AsSingle());
            Avx.Store(tile + half + 8, Avx2.And(right, upper).AsSingle());
        }
    }

    /// <summary>Rows of 32 binary16 values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void F16(byte* source, int k, float* tile, nint half)
    {
        for (float* end = tile + k * 16; tile < end; tile += 16, source += 64)
        {
            Avx.Store(tile, Float16(source));
            Avx.Store(tile + 8, Float16(source + 16));
            Avx.Store(tile + half, Float16(source + 32));
            Avx.Store(tile + half + 8, Float16(source + 48));
        }
    }

    /// <summary>Whole Q8_0 blocks: d * q.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q8(byte* source, int k, float* tile, nint half)
    {
        for (int block = 0; block < k / 32; block++)
        {
            var d0 = Float16(source);
            var d1 = Float16(source + 16);
            var d2 = Float16(source + 32);
            var d3 = Float16(source + 48);
            source += 64;
            for (float* end = tile + 32 * 16; tile < end; tile += 16, source += 32)
            {
                Avx.Store(tile, Avx.Multiply(d0, Signed(source)));
                Avx.Store(tile + 8, Avx.Multiply(d1, Signed(source + 8)));
                Avx.Store(tile + half, Avx.Multiply(d2, Signed(source + 16)));
                Avx.Store(tile + half + 8, Avx.Multiply(d3, Signed(source + 24)));
            }
        }
    }

    /// <summary>Whole Q4_0 blocks: d * (q - 8).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q40(byte* source, int k, float* tile, nint half)
    {
        var low = Vector256.Create(15);
        var eight = Vector256.Create(8);
        for (int block = 0; block < k / 32; block++)
        {
            var d0 = Float16(source);
            var d1 = Float16(source + 16);
            var d2 = Float16(source + 32);
            var d3 = Float16(source + 48);
            source += 64;
            for (float* end = tile + 32 * 16; tile < end; tile += 16, source += 16)
            {
                var left = Avx2.ConvertToVector256Int32(source);
                var right = Avx2.ConvertToVector256Int32(source + 8);
                Avx.Store(tile, Avx.Multiply(d0, Avx.ConvertToVector256Single(Avx2.Subtract(left & low, eight))));
                Avx.Store(tile + 8, Avx.Multiply(d1, Avx.ConvertToVector256Single(Avx2.Subtract(right & low, eight))));
                Avx.Store(tile + half, Avx.Multiply(d2, Avx.ConvertToVector256Single(Avx2.Subtract(Avx2.ShiftRightLogical(left, 4), eight))));
                Avx.Store(tile + half + 8, Avx.Multiply(d3, Avx.ConvertToVector256Single(Avx2.Subtract(Avx2.ShiftRightLogical(right, 4), eight))));
            }
        }
    }

    /// <summary>Whole Q4_1 blocks: d * q, then + m.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Q41(byte* source, int k, float* tile, nint half)
    {
        var low = Vector256.Create(15);
        for (int block = 0; block < k / 32; block++)
        {
            var d0 = Float16(source);
            var d1 = Float16(source + 16);
            var d2 = Float16(source + 32);
            var d3 = Float16(source + 48);
            var m0 = Float16(source + 64);
            var m1 = Float16(source + 80);
            var m2 = Float16(source + 96);
            var m3 = Float16(source + 112);
            source += 128;
            for (float* end = tile + 32 * 16; tile < end; tile += 16, source += 16)
            {
                var left = Avx2.ConvertToVector256Int32(source);
                var right = Avx2.ConvertToVector256Int32(source + 8);
                Avx.Store(tile, Avx.Add(Avx.Multiply(d0, Avx.ConvertToVector256Single(left & low)), m0));
                Avx.Store(tile + 8, Avx.Add(Avx.Multiply(d1, Avx.ConvertToVector256Single(right & low)), m1));
                Avx.Store(tile + half, Avx.Add(Avx.Multiply(d2, Avx.ConvertToVector256Single(Avx2.ShiftRightLogical(left, 4))), m2));
                Avx.Store(tile + half + 8, Avx.Add(Avx.Multiply(d3, Avx.ConvertToVector256Single(Avx2.ShiftRightLogical(right, 4))), m3));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Signed(byte* source) =>
        Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32((sbyte*)source));
}
