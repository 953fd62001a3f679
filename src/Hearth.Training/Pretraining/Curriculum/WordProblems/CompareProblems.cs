namespace Hearth.Training;

/// <summary>Two people with things: together, difference, so many more or fewer.</summary>
internal static class CompareProblems
{
    private static readonly Slot Both = new(
        ["{N} has {a} {o} and {F} has {b} {o}.", "{N} has {a} {o}. {F} has {b} {o}.", "{N} owns {a} {o}, {F} owns {b}.", "{N} has {a} {o}, while {F} has {b}."],
        ["{N} keeps {a} {o} at home, and {F} keeps {b}.", "On Monday {N} has {a} {o}, and {F} has {b}."]);

    private static readonly Slot Together = new(
        ["How many {o} do they have together?", "How many {o} is that in total?", "What is the total number of {o}?", "How many {o} do {N} and {F} have in total?"],
        ["Count the {o} of {N} and {F} together.", "How many {o} are there with both of them?"]);

    private static readonly Slot Difference = new(
        ["How many more {o} does {N} have than {F}?", "How many {o} more than {F} does {N} have?", "How many fewer {o} does {F} have than {N}?"],
        ["{N} has more {o} than {F}. How many more?", "What is the difference in {o}?"]);

    private static readonly Slot More = new(
        ["{N} has {a} {o}. {F} has {b} more {o} than {N}.", "{N} owns {a} {o}. {F} owns {b} more than {N}.", "{N} counts {a} {o}. {F} has {b} {o} more."],
        ["{N} keeps {a} {o} at home. {F} keeps {b} more than {him}."]);

    private static readonly Slot Fewer = new(
        ["{N} has {a} {o}. {F} has {b} fewer {o} than {N}.", "{N} owns {a} {o}. {F} owns {b} fewer than {N}.", "{N} counts {a} {o}. {F} has {b} {o} fewer."],
        ["{N} keeps {a} {o} at home. {F} keeps {b} fewer than {him}."]);

    private static readonly Slot Friend = new(
        ["How many {o} does {F} have?", "What is the number of {o} that {F} has?", "Tell me how many {o} {F} has."],
        ["Count the {o} of {F}."]);

    public static WordProblem One(ref RowRandom random, Phrasing phrasing)
    {
        var cast = Cast.Draw(ref random, phrasing);
        switch (random.Below(3))
        {
            case 0:
                var total = Sum.Plus(ref random, 99, 2);
                return new(Join(cast, ref random, phrasing, total, Both, Together), $"{total.A} {cast.Things}", [new("Total " + cast.Things, total)]);
            case 1:
                var difference = Sum.Minus(ref random, 99, 2);
                return new(Join(cast, ref random, phrasing, difference, Both, Difference), $"{difference.A} {cast.Things}", [new("Difference", difference)]);
            default:
                var change = ChangeProblems.Change(ref random, random.Between(6, 90));
                return new(Join(cast, ref random, phrasing, change, change.Op == '+' ? More : Fewer, Friend), $"{change.A} {cast.Things}", [new($"{cast.Friend.Name} has", change)]);
        }
    }

    public static WordProblem Two(ref RowRandom random, Phrasing phrasing)
    {
        var cast = Cast.Draw(ref random, phrasing);
        var start = random.Between(6, 40);
        var change = random.Chance(60)
            ? new Sum(start, '+', random.Between(2, Math.Min(18, 98 - 2 * start)))
            : new Sum(start, '-', random.Between(2, start - 2));
        var total = new Sum(start, '+', change.Result);
        return new(
            Join(cast, ref random, phrasing, change, change.Op == '+' ? More : Fewer, Together),
            $"{start} {cast.Things}", [new($"{cast.Friend.Name} has", change), new("Total " + cast.Things, total)]);
    }

    private static string Join(Cast cast, ref RowRandom random, Phrasing phrasing, Sum sum, Slot start, Slot question) =>
        $"{cast.Tell(start.Pick(ref random, phrasing), sum.A, sum.B)} {cast.Tell(question.Pick(ref random, phrasing))}";
}
