using System.Numerics;

namespace Hearth.Grammars;

/// <summary>Decimal numbers, without exponent, that are a whole multiple of another one: the remainder is carried from digit to digit.</summary>
internal static class MultipleOf
{
    private const int MostRemainders = 10_000;
    private static readonly CodePointSet Sign = CodePointSet.Of('-'), Point = CodePointSet.Of('.');

    /// <param name="divisor">Above 0.</param>
    /// <exception cref="GrammarException">The divisor has too many digits.</exception>
    public static CharacterAutomaton Numbers(DecimalValue divisor)
    {
        if (divisor.Unscaled > MostRemainders || divisor.Scale > SharedRules.MostDigits) throw new GrammarException($"it is supported up to {MostRemainders} and {SharedRules.MostDigits} digits behind the point.");
        int modulus = (int)divisor.Unscaled, places = divisor.Scale;
        // With d digits behind the point, the number is a multiple of p / 10^s where its digits x 10^(s - d) are one of p.
        return CharacterAutomaton.Explore((Remainder: 0, Read: -1), Edges, state => (BigInteger)state.Remainder * BigInteger.Pow(10, places - Math.Max(0, state.Read)) % modulus == 0);

        IEnumerable<(CodePointSet, (int, int))> Edges((int Remainder, int Read) state)
        {
            if (state.Read < 0) yield return (Sign, (0, -1));
            if (state.Read < 0 && places > 0) yield return (Point, (state.Remainder, 0));
            if (state.Read == places && places > 0) yield break;
            for (int digit = 0; digit <= 9; digit++)
                yield return (CodePointSet.Of('0' + digit), ((state.Remainder * 10 + digit) % modulus, state.Read < 0 ? -1 : state.Read + 1));
        }
    }
}
