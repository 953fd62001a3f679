namespace Hearth.TestKit;

/// <summary>A small generator of its own, so that a seed means the same everywhere (SplitMix64).</summary>
public sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    /// <summary>0 to <paramref name="sides"/> - 1.</summary>
    public int Next(int sides)
    {
        _state += 0x9E3779B97F4A7C15;
        var mixed = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return (int)((mixed ^ (mixed >> 31)) % (ulong)sides);
    }

    public bool OneIn(int sides) => Next(sides) == 0;

    public T Pick<T>(params ReadOnlySpan<T> choices) => choices[Next(choices.Length)];
}
