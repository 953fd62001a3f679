using Hearth.Numerics;

namespace Hearth.Training;

/// <summary>
/// The random numbers of one generated row: a cursor over <see cref="CounterRandom"/>. Draw <c>n</c> of a row depends only on (seed, row, n),
/// so a row does not depend on the rows before it (docs/exactness.md, E12).
/// </summary>
/// <param name="seed">Chosen by the user.</param>
/// <param name="set">Which set of rows; two sets never share numbers. Below 65,536.</param>
/// <param name="index">The row. Below 2^48.</param>
public struct RowRandom(ulong seed, ulong set, ulong index)
{
    private ulong _draw;

    /// <summary>64 random bits.</summary>
    public ulong NextBits() => CounterRandom.Bits(seed, RandomPurpose.Curriculum, set << 48 | index, _draw++);

    /// <summary>A number in 0 .. <paramref name="count"/> - 1.</summary>
    public int Below(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return (int)Math.BigMul(NextBits(), (ulong)count, out _); // the bias, count / 2^64, is of no concern
    }

    /// <summary>A number in <paramref name="low"/> .. <paramref name="high"/>, both included.</summary>
    public int Between(int low, int high) => low + Below(high - low + 1);

    /// <summary>True in <paramref name="percent"/> of 100 draws.</summary>
    public bool Chance(int percent) => Below(100) < percent;

    /// <summary>One of the items.</summary>
    public T Pick<T>(params IReadOnlyList<T> items) => items[Below(items.Count)];

    /// <summary><paramref name="count"/> different items in random order.</summary>
    public T[] Sample<T>(IReadOnlyList<T> items, int count)
    {
        var pool = items.ToArray();
        for (var i = 0; i < count; i++)
        {
            var j = Between(i, pool.Length - 1);
            (pool[i], pool[j]) = (pool[j], pool[i]);
        }
        return pool[..count];
    }
}
