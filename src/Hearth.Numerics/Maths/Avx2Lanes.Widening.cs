using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Hearth.Numerics;

internal readonly unsafe partial struct Avx2Lanes : IWideningLanes<Avx2Lanes>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes LoadSBytes(byte* source) => new(
        Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32((sbyte*)source)),
        Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32((sbyte*)source + 8)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes LoadBytes(byte* source) => new(
        Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(source)),
        Avx.ConvertToVector256Single(Avx2.ConvertToVector256Int32(source + 8)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes LoadFiniteHalves(byte* source) => new(FiniteHalves(source), FiniteHalves(source + 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes LoadHalves(byte* source) => new(Halves(source), Halves(source + 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes AppendShorts(Avx2Lanes words, byte* source) => new(
        Avx2.Or(words._low.AsInt32(), Avx2.ShiftLeftLogical(Avx2.ConvertToVector256Int32((ushort*)source), 14)).AsSingle(),
        Avx2.Or(words._high.AsInt32(), Avx2.ShiftLeftLogical(Avx2.ConvertToVector256Int32((ushort*)source + 8), 14)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes LowerBFloat16(Avx2Lanes words) => new(
        Avx2.ShiftLeftLogical(words._low.AsUInt32(), 16).AsSingle(), Avx2.ShiftLeftLogical(words._high.AsUInt32(), 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes UpperBFloat16(Avx2Lanes words)
    {
        var mask = Vector256.Create(0xFFFF0000u).AsSingle();
        return new(Avx.And(words._low, mask), Avx.And(words._high, mask));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes TakeNibbles(ref Avx2Lanes words)
    {
        Avx2Lanes codes = new(Nibbles(words._low), Nibbles(words._high));
        words = new(Avx2.ShiftRightLogical(words._low.AsInt32(), 4).AsSingle(), Avx2.ShiftRightLogical(words._high.AsInt32(), 4).AsSingle());
        return codes;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes TakeNibblesLess8(ref Avx2Lanes words) => TakeNibbles(ref words) - Create(8f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes TakeSignedSixBits(ref Avx2Lanes words)
    {
        Avx2Lanes codes = new(
            Avx.ConvertToVector256Single(Avx2.ShiftRightArithmetic(words._low.AsInt32(), 26)),
            Avx.ConvertToVector256Single(Avx2.ShiftRightArithmetic(words._high.AsInt32(), 26)));
        words = new(Avx2.ShiftLeftLogical(words._low.AsInt32(), 6).AsSingle(), Avx2.ShiftLeftLogical(words._high.AsInt32(), 6).AsSingle());
        return codes;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Avx2Lanes Negate(Avx2Lanes value)
    {
        var sign = Vector256.Create(-0f);
        return new(Avx.Xor(value._low, sign), Avx.Xor(value._high, sign));
    }

    public static void OneRow<TColumns>(byte* panel, float* x, int inputs, float* y) where TColumns : unmanaged, IColumns<Avx2Lanes> =>
        OneRowAvx2<TColumns>.Run(panel, x, inputs, y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Nibbles(Vector256<float> words) => Avx.ConvertToVector256Single(Avx2.And(words.AsInt32(), Vector256.Create(15)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> FiniteHalves(byte* source)
    {
        var moved = Avx2.ShiftLeftLogical(Avx2.ConvertToVector256Int32((short*)source), 13);
        return Avx.Multiply(Avx2.And(moved, Vector256.Create(unchecked((int)0x8FFFE000))).AsSingle(), Vector256.Create(Widening.TwoTo112));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Halves(byte* source)
    {
        var top = Vector256.Create(0x7C00);
        var notFinite = Avx2.CompareEqual(Avx2.And(Avx2.ConvertToVector256Int32((short*)source), top), top);
        return Avx.Or(FiniteHalves(source), Avx2.And(notFinite, Vector256.Create(0x7F800000)).AsSingle());
    }
}
