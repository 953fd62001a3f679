using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

internal readonly unsafe partial struct Avx512Lanes : IWideningLanes<Avx512Lanes>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes LoadSBytes(byte* source) =>
        new(Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(Sse2.LoadVector128((sbyte*)source))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes LoadBytes(byte* source) =>
        new(Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(Sse2.LoadVector128(source))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes LoadFiniteHalves(byte* source)
    {
        var small = Avx512F.And(Avx512F.ShiftLeftLogical(Signed(source), 13), Vector512.Create(unchecked((int)0x8FFFE000)));
        return new(Avx512F.Multiply(small.AsSingle(), Vector512.Create(Widening.TwoTo112)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes LoadHalves(byte* source)
    {
        var top = Vector512.Create(0x7C00);
        var notFinite = Avx512F.CompareEqual(Avx512F.And(Signed(source), top), top);
        var finite = LoadFiniteHalves(source)._all.AsInt32();
        return new(Avx512F.Or(finite, Avx512F.And(notFinite, Vector512.Create(0x7F800000))).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes AppendShorts(Avx512Lanes words, byte* source)
    {
        var shorts = Avx512F.ConvertToVector512Int32(Avx.LoadVector256((ushort*)source));
        return new(Avx512F.Or(words._all.AsInt32(), Avx512F.ShiftLeftLogical(shorts, 14)).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes LowerBFloat16(Avx512Lanes words) => new(Avx512F.ShiftLeftLogical(words._all.AsUInt32(), 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes UpperBFloat16(Avx512Lanes words) => new(Avx512F.And(words._all.AsUInt32(), Vector512.Create(0xFFFF0000u)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes TakeNibbles(ref Avx512Lanes words) =>
        LookUp(ref words, Vector512.Create(0f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes TakeNibblesLess8(ref Avx512Lanes words) =>
        LookUp(ref words, Vector512.Create(-8f, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes TakeSignedSixBits(ref Avx512Lanes words)
    {
        var codes = Avx512F.ShiftRightArithmetic(words._all.AsInt32(), 26);
        words = new(Avx512F.ShiftLeftLogical(words._all.AsInt32(), 6).AsSingle());
        return new(Avx512F.ConvertToVector512Single(codes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx512Lanes Negate(Avx512Lanes value) => new(Avx512F.Xor(value._all.AsInt32(), Vector512.Create(int.MinValue)).AsSingle());

    public static void OneRow<TColumns>(byte* panel, float* x, int inputs, float* y) where TColumns : unmanaged, IColumns<Avx512Lanes> =>
        FewRowsKernels<Avx512Lanes, TColumns>.OneRow(panel, x, inputs, y);

    // A permutation looks only at the lowest four bits of an index: neither a mask nor a conversion.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Avx512Lanes LookUp(ref Avx512Lanes words, Vector512<float> table)
    {
        var codes = Avx512F.PermuteVar16x32(table, words._all.AsInt32());
        words = new(Avx512F.ShiftRightLogical(words._all.AsInt32(), 4).AsSingle());
        return new(codes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Signed(byte* halves) => Avx512F.ConvertToVector512Int32(Avx.LoadVector256((short*)halves));
}
