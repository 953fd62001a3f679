using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

internal unsafe struct F32Columns<T> : IColumns<T> where T : unmanaged, IWideningLanes<T>
{
    private float* _values;

    public static int Run => int.MaxValue;

    public static int Leg(int left) => left;

    public static int LegBytes(int left) => 128 * left;

    public static byte* Legs(byte* panel, int k) => panel + (nint)k * 128;

    public readonly void Enter(byte* panel, int k, int part, float* scratch, bool fresh) { }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(byte* leg, int left, int part) => _values = (float*)leg + 16 * part;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Next()
    {
        var value = T.Load(_values);
        _values += 32;
        return value;
    }
}

/// <summary>A word holds output j below and output j + 16 above.</summary>
internal unsafe struct BF16Columns<T> : IColumns<T> where T : unmanaged, IWideningLanes<T>
{
    private float* _words;
    private int _part;

    public static int Run => int.MaxValue;

    public static int Leg(int left) => left;

    public static int LegBytes(int left) => 64 * left;

    public static byte* Legs(byte* panel, int k) => panel + (nint)k * 64;

    public readonly void Enter(byte* panel, int k, int part, float* scratch, bool fresh) { }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(byte* leg, int left, int part)
    {
        _words = (float*)leg;
        _part = part;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Next()
    {
        var words = T.Load(_words);
        _words += 16;
        return _part == 0 ? T.LowerBFloat16(words) : T.UpperBFloat16(words);
    }
}

internal unsafe struct F16Columns<T> : IColumns<T> where T : unmanaged, IWideningLanes<T>
{
    private byte* _values;

    public static int Run => int.MaxValue;

    public static int Leg(int left) => left;

    public static int LegBytes(int left) => 64 * left;

    public static byte* Legs(byte* panel, int k) => panel + (nint)k * 64;

    public readonly void Enter(byte* panel, int k, int part, float* scratch, bool fresh) { }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(byte* leg, int left, int part) => _values = leg + 32 * part;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Next()
    {
        var value = T.LoadHalves(_values);
        _values += 64;
        return value;
    }
}

/// <summary>As <see cref="F16Columns{T}"/>, for a weight without infinities and NaNs: half the work.</summary>
internal unsafe struct FiniteF16Columns<T> : IColumns<T> where T : unmanaged, IWideningLanes<T>
{
    private byte* _values;

    public static int Run => int.MaxValue;

    public static int Leg(int left) => left;

    public static int LegBytes(int left) => 64 * left;

    public static byte* Legs(byte* panel, int k) => panel + (nint)k * 64;

    public readonly void Enter(byte* panel, int k, int part, float* scratch, bool fresh) { }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(byte* leg, int left, int part) => _values = leg + 32 * part;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Next()
    {
        var value = T.LoadFiniteHalves(_values);
        _values += 64;
        return value;
    }
}
