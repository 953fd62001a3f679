using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

/// <summary>value = d q.</summary>
internal unsafe struct Q8Columns<T> : IColumns<T> where T : unmanaged, IWideningLanes<T>
{
    private Kept<T> _scale;
    private byte* _codes;

    public static int Run => 32;

    public static int Leg(int left) => left;

    public static int LegBytes(int left) => 32 * left;

    public static byte* Legs(byte* panel, int k) => panel + (nint)(k / 32) * Widening.Q8BlockBytes + 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter(byte* panel, int k, int part, float* scratch, bool fresh) =>
        _scale.Set(T.LoadHalves(panel + (nint)(k / 32) * Widening.Q8BlockBytes + 32 * part), scratch);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(byte* leg, int left, int part) => _codes = leg + 16 * part;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Next()
    {
        var codes = T.LoadSBytes(_codes);
        _codes += 32;
        return codes * _scale.Value;
    }
}

/// <summary>value = d (q - 8).</summary>
internal unsafe struct Q40Columns<T> : IColumns<T> where T : unmanaged, IWideningLanes<T>
{
    private Kept<T> _scale;
    private T _words;

    public static int Run => 32;

    public static int Leg(int left) => 8;

    public static int LegBytes(int left) => 128;

    public static byte* Legs(byte* panel, int k) => panel + (nint)(k / 32) * Widening.Q40BlockBytes + 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter(byte* panel, int k, int part, float* scratch, bool fresh) =>
        _scale.Set(T.LoadHalves(panel + (nint)(k / 32) * Widening.Q40BlockBytes + 32 * part), scratch);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(byte* leg, int left, int part) => _words = T.Load((float*)leg + 16 * part);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Next() => T.TakeNibblesLess8(ref _words) * _scale.Value;
}

/// <summary>value = d q + m, not fused.</summary>
internal unsafe struct Q41Columns<T> : IColumns<T> where T : unmanaged, IWideningLanes<T>
{
    private Kept<T> _scale;
    private Kept<T> _minimum;
    private T _words;

    public static int Run => 32;

    public static int Leg(int left) => 8;

    public static int LegBytes(int left) => 128;

    public static byte* Legs(byte* panel, int k) => panel + (nint)(k / 32) * Widening.Q41BlockBytes + 128;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter(byte* panel, int k, int part, float* scratch, bool fresh)
    {
        byte* block = panel + (nint)(k / 32) * Widening.Q41BlockBytes + 32 * part;
        _scale.Set(T.LoadHalves(block), scratch);
        _minimum.Set(T.LoadHalves(block + 64), scratch + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(byte* leg, int left, int part) => _words = T.Load((float*)leg + 16 * part);

    // d q has at most 11 + 4 bits: the product is exact, so fusing it changes nothing.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Next() => T.Fma(T.TakeNibbles(ref _words), _scale.Value, _minimum.Value);
}

/// <summary>value = (d s) q - (e m), not fused; x - y is x + (-y), bit for bit.</summary>
internal unsafe struct Q4KColumns<T> : IColumns<T> where T : unmanaged, IWideningLanes<T>
{
    private Kept<T> _scale;
    private Kept<T> _minimum;
    private T _words;

    public static int Run => 32;

    public static int Leg(int left) => 8;

    public static int LegBytes(int left) => 128;

    public static byte* Legs(byte* panel, int k) => Part(panel, k) + 64;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter(byte* panel, int k, int part, float* scratch, bool fresh)
    {
        float* shared = scratch + 32;
        if (fresh || k % 256 == 0)
        {
            byte* block = panel + (nint)(k / 256) * Widening.Q4KBlockBytes + 32 * part;
            T.Store(T.LoadHalves(block), shared);
            T.Store(T.Negate(T.LoadHalves(block + 64)), shared + 16);
        }
        byte* codes = Part(panel, k) + 16 * part;
        _scale.Set(T.Load(shared) * T.LoadBytes(codes), scratch);
        _minimum.Set(T.Load(shared + 16) * T.LoadBytes(codes + 32), scratch + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(byte* leg, int left, int part) => _words = T.Load((float*)leg + 16 * part);

    // (d s) q has at most 11 + 6 + 4 bits: exact, as in Q4_1.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Next() => T.Fma(T.TakeNibbles(ref _words), _scale.Value, _minimum.Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Part(byte* panel, int k) =>
        panel + (nint)(k / 256) * Widening.Q4KBlockBytes + Widening.Q4KHeadBytes + k % 256 / 32 * Widening.Q4KPartBytes;
}

/// <summary>value = (d s) (q - 32). Eight k are two legs: five codes of a word; three of the two bits that it has left and a half word.</summary>
internal unsafe struct Q6KColumns<T> : IColumns<T> where T : unmanaged, IWideningLanes<T>
{
    private Kept<T> _scale;
    private T _words;

    public static int Run => 16;

    public static int Leg(int left) => left % 8 == 0 ? 5 : 3;

    public static int LegBytes(int left) => left % 8 == 0 ? 128 : 64;

    public static byte* Legs(byte* panel, int k) => Part(panel, k) + 32;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter(byte* panel, int k, int part, float* scratch, bool fresh)
    {
        if (fresh || k % 256 == 0) T.Store(T.LoadHalves(panel + (nint)(k / 256) * Widening.Q6KBlockBytes + 32 * part), scratch + 32);
        _scale.Set(T.Load(scratch + 32) * T.LoadSBytes(Part(panel, k) + 16 * part), scratch);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(byte* leg, int left, int part)
    {
        if (left % 8 == 0) _words = T.Load((float*)leg + 16 * part);
        else _words = T.AppendShorts(_words, leg + 32 * part);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Next() => T.TakeSignedSixBits(ref _words) * _scale.Value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* Part(byte* panel, int k) =>
        panel + (nint)(k / 256) * Widening.Q6KBlockBytes + Widening.Q6KHeadBytes + k % 256 / 16 * Widening.Q6KPartBytes;
}
