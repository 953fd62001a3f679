namespace Hearth.Training;

/// <summary>Two numbers, an operation and the result: <c>16 - 3 = 13</c>. Multiplication is written <c>x</c>.</summary>
internal readonly record struct Sum(int A, char Op, int B)
{
    public int Result => Op switch
    {
        '+' => A + B,
        '-' => A - B,
        'x' => A * B,
        '/' => A / B,
        _ => throw new InvalidOperationException($"Operation '{Op}' is not one of + - x /."),
    };

    public string Text => $"{A} {Op} {B}";

    public string Equation => $"{Text} = {Result}";

    /// <summary>Empty for the facts that every pupil knows by heart: sums of one-digit numbers, and the tables.</summary>
    public string Key =>
        Op is 'x' or '/' || (A < 10 && B < 10) ? ""
        : Op == '+' ? $"{Math.Min(A, B)}+{Math.Max(A, B)}"
        : $"{A}-{B}";

    public IReadOnlyList<string> Keys => Key.Length == 0 ? [] : [Key];

    /// <summary>A sum of the split with numbers up to 100, the tables up to 9 x 9 (never held out), and a few with three digits.</summary>
    public static Sum Draw(ref RowRandom random, ProblemSplit split) =>
        split.Draw(ref random, static (ref RowRandom r, ProblemSplit _) => Any(ref r), static s => s.Keys);

    /// <summary>An addition or subtraction of the split with a result up to <paramref name="most"/>.</summary>
    public static Sum DrawPlusMinus(ref RowRandom random, ProblemSplit split, int most = 99) =>
        split.Draw(ref random, (ref RowRandom r, ProblemSplit _) => r.Chance(50) ? Plus(ref r, most) : Minus(ref r, most), static s => s.Keys);

    /// <summary>An addition with a result up to <paramref name="most"/> of numbers from <paramref name="least"/>.</summary>
    public static Sum Plus(ref RowRandom random, int most, int least = 1)
    {
        var result = random.Between(2 * least + 1, most);
        var a = random.Between(least, result - least);
        return new(a, '+', result - a);
    }

    /// <summary>A subtraction from a number up to <paramref name="most"/> of a number from <paramref name="least"/>, with a result above zero.</summary>
    public static Sum Minus(ref RowRandom random, int most, int least = 1)
    {
        var a = random.Between(least + 2, most);
        return new(a, '-', random.Between(least, a - 1));
    }

    public static Sum Times(ref RowRandom random) => new(random.Between(2, 9), 'x', random.Between(2, 9));

    public static Sum Divide(ref RowRandom random)
    {
        var product = Times(ref random);
        return new(product.Result, '/', product.B);
    }

    private static Sum Any(ref RowRandom random) => random.Below(20) switch
    {
        < 8 => Plus(ref random, 100),
        < 15 => Minus(ref random, 100),
        < 17 => Times(ref random),
        < 18 => Divide(ref random),
        < 19 => new(random.Between(10, 89) * 10, '+', random.Between(2, 99)),
        _ => new(random.Between(1, 8) * 100 + random.Between(50, 99), '-', random.Between(2, 50)),
    };
}
