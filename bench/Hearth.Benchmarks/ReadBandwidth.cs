using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Hearth.Numerics;

namespace Hearth.Benchmarks;

/// <summary>Bytes a second that the pool's threads read from memory: one pass over a block much larger than any cache.</summary>
internal static unsafe class ReadBandwidth
{
    private const long Bytes = 512L << 20;
    private const int ItemBytes = 1 << 20;

    public static double Measure(ComputePool pool, NativeBlock block)
    {
        var work = new Item((byte*)block.Pointer);
        return Bytes / Clock.Time(() => pool.For((int)(Bytes / ItemBytes), work));
    }

    public static NativeBlock Allocate() => new(Bytes);

    private readonly struct Item(byte* start) : IParallelWork
    {
        public void Run(int item, int thread)
        {
            if (Sum(start + (nint)item * ItemBytes, ItemBytes) == 12345) throw new InvalidOperationException();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Sum(byte* source, int bytes)
    {
        Vector256<int> a = default, b = default, c = default, d = default;
        for (byte* end = source + bytes; source < end; source += 128)
        {
            a = Avx2.Add(a, Avx.LoadVector256((int*)source));
            b = Avx2.Add(b, Avx.LoadVector256((int*)(source + 32)));
            c = Avx2.Add(c, Avx.LoadVector256((int*)(source + 64)));
            d = Avx2.Add(d, Avx.LoadVector256((int*)(source + 96)));
        }
        return Vector256.Sum(a + b + c + d);
    }
}
