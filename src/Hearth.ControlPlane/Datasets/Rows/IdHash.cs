using System.Buffers.Binary;
using System.Numerics;

namespace Hearth.ControlPlane;

/// <summary>
/// 64 bits of a row's id, never 0: enough that among 3 million different ids two are taken for one in one file of four million. Who makes ids collide
/// on purpose has his own file refused and nobody else's, so no keyed hash is needed.
/// </summary>
internal static class IdHash
{
    // Odd constants with bits everywhere (the finaliser's are of MurmurHash3); each step can be undone, so nothing is lost before the end.
    private const ulong Step = 0x9E3779B97F4A7C15;

    public static ulong Of(ReadOnlySpan<byte> id)
    {
        var hash = (ulong)id.Length * Step;
        for (; id.Length >= 8; id = id[8..]) hash = Mix(hash, BinaryPrimitives.ReadUInt64LittleEndian(id));
        ulong rest = 0;
        for (var i = id.Length - 1; i >= 0; i--) rest = (rest << 8) | id[i];
        hash = Mix(hash, rest);
        hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCD;
        hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53;
        hash ^= hash >> 33;
        return hash == 0 ? 1 : hash;
    }

    private static ulong Mix(ulong hash, ulong part) => BitOperations.RotateLeft((hash ^ part) * Step, 29);
}
