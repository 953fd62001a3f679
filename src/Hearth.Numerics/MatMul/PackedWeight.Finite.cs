using System.Runtime.Intrinsics;

namespace Hearth.Numerics;

public sealed unsafe partial class PackedWeight
{
    private const int Unknown = 0, Finite = 1, NotFinite = 2;

    private int _finiteness;

    /// <summary>
    /// False for a binary16 weight that holds an infinity or a NaN: widening those costs as much again as widening all others. Found out at the
    /// first product, by one pass over the weight.
    /// </summary>
    internal bool IsFinite
    {
        get
        {
            if (Type != WeightType.F16) return true;
            if (_finiteness == Unknown) _finiteness = AllFinite((ushort*)Data, Bytes / sizeof(ushort)) ? Finite : NotFinite;
            return _finiteness == Finite;
        }
    }

    // A panel's row is 64 bytes, so there is no rest.
    private static bool AllFinite(ushort* halves, long count)
    {
        var top = Vector256.Create((ushort)0x7C00);
        for (ushort* end = halves + count; halves < end; halves += 32)
        {
            var left = Vector256.Equals(Vector256.Load(halves) & top, top);
            var right = Vector256.Equals(Vector256.Load(halves + 16) & top, top);
            if ((left | right) != Vector256<ushort>.Zero) return false;
        }
        return true;
    }
}
