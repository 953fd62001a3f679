using System.Runtime.CompilerServices;

namespace Hearth.Numerics;

/// <summary>
/// Sixteen outputs of a panel while a kernel goes through them along k: each call of <see cref="Next"/> widens the values of one k, exactly those
/// of <see cref="Widening.Read"/>. All state is in fields that the JIT keeps in registers.
/// </summary>
/// <remarks>A kernel goes from run to run (k that share scales), and inside a run from leg to leg (k whose codes one load brings).</remarks>
internal unsafe interface IColumns<T> where T : unmanaged
{
    /// <summary>k that share scales; <see cref="int.MaxValue"/> for plain types.</summary>
    static abstract int Run { get; }

    /// <summary>k of the next leg, when <paramref name="left"/> k of the run are left.</summary>
    static abstract int Leg(int left);

    /// <summary>Bytes of 32 outputs of that leg.</summary>
    static abstract int LegBytes(int left);

    /// <summary>Where the first leg of the run that starts at <paramref name="k"/> lies.</summary>
    static abstract byte* Legs(byte* panel, int k);

    /// <summary>Begins the run at <paramref name="k"/>: its scales.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="k">First k of a run.</param>
    /// <param name="part">0 or 1: outputs 0-15 or 16-31.</param>
    /// <param name="scratch"><see cref="Columns.Scratch"/> floats of the caller's, for what several runs share and for what does not fit registers.</param>
    /// <param name="fresh">Nothing lies there yet.</param>
    void Enter(byte* panel, int k, int part, float* scratch, bool fresh);

    /// <summary>Begins a leg.</summary>
    void Load(byte* leg, int left, int part);

    /// <summary>The values of the next k.</summary>
    T Next();
}

internal static class Columns
{
    /// <summary>Floats that sixteen outputs keep in memory: two vectors that runs share, two of a run.</summary>
    public const int Scratch = 64;
}

/// <summary>A vector that a loop multiplies with: in a register where there are 32 of them, in memory where there are 16 half as wide.</summary>
internal unsafe struct Kept<T> where T : unmanaged, IWideningLanes<T>
{
    private T _value;
    private float* _memory;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set(T value, float* memory)
    {
        if (T.IsOneRegister)
        {
            _value = value;
            return;
        }
        T.Store(value, memory);
        _memory = memory;
    }

    public readonly T Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => T.IsOneRegister ? _value : T.Load(_memory);
    }
}
