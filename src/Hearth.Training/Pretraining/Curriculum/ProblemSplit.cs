namespace Hearth.Training;

/// <summary>Which half of all problems a row may ask.</summary>
public enum ProblemSplit
{
    /// <summary>Problems that models are trained on.</summary>
    Training,
    /// <summary>Problems that no training row asks: one in sixteen, by a hash of the problem's key.</summary>
    HeldOut,
}

/// <summary>Decides to which split a problem belongs, from its key alone.</summary>
public static class ProblemSplits
{
    // Far above what rejection needs: at 1/16 the chance of 4,000 misses in a row is below 1e-100.
    private const int MostDraws = 4_000;

    /// <summary>True for the problems kept for evaluation.</summary>
    public static bool IsHeldOut(string key) => Hash(key) % 16 == 0;

    /// <summary>True when a row that asks these problems belongs to the split. A row without problems (common facts) is a training row.</summary>
    public static bool Holds(this ProblemSplit split, IReadOnlyList<string> keys) =>
        split == ProblemSplit.Training ? !keys.Any(IsHeldOut) : keys.Count > 0 && keys.All(IsHeldOut);

    /// <summary>Draws until the result's problems belong to the split.</summary>
    public static T Draw<T>(this ProblemSplit split, ref RowRandom random, Maker<T> make, Func<T, IReadOnlyList<string>> keys)
    {
        for (var i = 0; i < MostDraws; i++)
        {
            var made = make(ref random, split);
            if (split.Holds(keys(made))) return made;
        }
        throw new InvalidOperationException($"No {split} problem in {MostDraws} draws of {typeof(T).Name}: its problems are too few.");
    }

    // FNV-1a over UTF-16 units, then a final mix so that the low bits depend on every character.
    private static ulong Hash(string key)
    {
        var hash = 0xCBF29CE484222325UL;
        foreach (var c in key) hash = (hash ^ c) * 0x100000001B3;
        hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCD;
        return hash ^ (hash >> 33);
    }
}

/// <summary>Makes a problem or row from random numbers.</summary>
public delegate T Maker<out T>(ref RowRandom random, ProblemSplit split);
