namespace Hearth.Training;

/// <summary>Somebody has some things, then gets or loses some, once or twice.</summary>
internal static class ChangeProblems
{
    private static readonly Slot Start = new(
        ["{N} has {a} {o}.", "{N} starts with {a} {o}.", "{N} owns {a} {o}.", "At first {N} has {a} {o}.", "In the morning {N} has {a} {o}.", "There are {a} {o} in the bag of {N}.", "{N} counts {a} {o} at home.", "{N} has a bag with {a} {o}."],
        ["{N} keeps {a} {o} in a box.", "On Monday {N} has {a} {o}.", "In the house of {N} there are {a} {o}."]);

    private static readonly Slot Gain = new(
        ["{He} buys {b} more.", "{He} finds {b} more {o}.", "{F} gives {him} {b} more.", "{He} gets {b} {o} from {F}.", "Then {he} gets {b} more {o}.", "{F} brings {him} {b} more {o}.", "Then {he} finds {b} more."],
        ["Later {he} buys {b} new {o}.", "After that {F} gives {b} {o} to {him}.", "On Tuesday {he} finds {b} more."]);

    private static readonly Slot Loss = new(
        ["{He} gives {b} to {F}.", "{He} gives {b} {o} to {F}.", "{He} loses {b} of them.", "{He} sells {b} {o}.", "Then {F} takes {b} of them.", "{He} gives away {b} {o}.", "Then {he} sells {b} of them."],
        ["Later {he} loses {b} {o}.", "After that {F} takes {b} {o} from {him}.", "On Tuesday {he} sells {b}."]);

    private static readonly Slot Now = new(
        ["How many {o} does {N} have now?", "How many {o} does {he} have in the end?", "How many {o} does {N} have after that?", "What is the number of {o} now?", "How many {o} does {he} have now?", "So how many {o} does {N} have?"],
        ["How many {o} are there with {N} now?", "Count the {o} that {N} has now.", "At the end, how many {o} does {he} have?"]);

    private static readonly Slot Left = new(
        ["How many {o} are left?", "How many {o} does {N} have left?", "How many {o} remain?", "How many {o} does {he} still have?", "How many {o} does {N} have now?"],
        ["How many {o} are still there?", "What number of {o} is left?", "How many {o} remain with {N}?"]);

    public static WordProblem One(ref RowRandom random, Phrasing phrasing)
    {
        var cast = Cast.Draw(ref random, phrasing);
        var sum = random.Chance(50) ? Sum.Plus(ref random, 99, 2) : Sum.Minus(ref random, 99, 2);
        return new(
            $"{cast.Tell(Start.Pick(ref random, phrasing), sum.A)} {Event(ref random, phrasing, cast, sum)} {Question(ref random, phrasing, cast, sum)}",
            $"{sum.A} {cast.Things}", [Step(cast, sum)]);
    }

    public static WordProblem Two(ref RowRandom random, Phrasing phrasing)
    {
        var cast = Cast.Draw(ref random, phrasing);
        var first = Change(ref random, random.Between(10, 60));
        var second = Change(ref random, first.Result);
        var (events, next) = (Events(first), Events(second).Pick(ref random, phrasing));
        var before = events.Pick(ref random, phrasing);
        while (before == next && events.Wordings(phrasing).Length > 1) before = events.Pick(ref random, phrasing); // the same sentence twice in a row reads badly
        return new(
            $"{cast.Tell(Start.Pick(ref random, phrasing), first.A)} {cast.Tell(before, b: first.B)} {cast.Tell(next, b: second.B)} {Question(ref random, phrasing, cast, second)}",
            $"{first.A} {cast.Things}", [Step(cast, first), Step(cast, second)]);
    }

    /// <summary>The sentence in which things come or go, for other families that end in a change.</summary>
    public static string Event(ref RowRandom random, Phrasing phrasing, Cast cast, Sum sum) =>
        cast.Tell(Events(sum).Pick(ref random, phrasing), b: sum.B);

    public static string Question(ref RowRandom random, Phrasing phrasing, Cast cast, Sum sum) =>
        cast.Tell((sum.Op == '+' ? Now : Left).Pick(ref random, phrasing));

    public static WorkedStep Step(Cast cast, Sum sum) => new((sum.Op == '+' ? "Total " : "Remaining ") + cast.Things, sum);

    private static Slot Events(Sum sum) => sum.Op == '+' ? Gain : Loss;

    /// <summary>Adds or takes away up to 30, never below 2 nor above 99.</summary>
    public static Sum Change(ref RowRandom random, int from)
    {
        var canLose = from > 5;
        var canGain = from < 97;
        return canLose && (!canGain || random.Chance(50))
            ? new(from, '-', random.Between(2, Math.Min(30, from - 2)))
            : new(from, '+', random.Between(2, Math.Min(30, 99 - from)));
    }
}
