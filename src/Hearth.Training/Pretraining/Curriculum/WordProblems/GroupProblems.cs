namespace Hearth.Training;

/// <summary>Equal groups: boxes with the same number of things, prices, and fair shares.</summary>
internal static class GroupProblems
{
    private static readonly Slot Boxes = new(
        ["{N} has {a} {box} with {b} {o} each.", "{N} fills {a} {box} with {b} {o} each.", "{N} owns {a} {box}. Each one holds {b} {o}.", "There are {b} {o} in each of the {a} {box} of {N}."],
        ["{N} keeps {a} {box} at home, with {b} {o} in each.", "On Monday {N} gets {a} {box} with {b} {o} each."]);

    private static readonly Slot BoxesTotal = new(
        ["How many {o} are there in total?", "How many {o} does that make?", "What is the total number of {o}?", "How many {o} does {N} have?"],
        ["How many {o} are there in all of the {box}?", "Count the {o} of {N}."]);

    private static readonly Slot Price = new(
        ["{N} buys {a} {o} for {b} dollars each.", "{N} wants {a} {o}. Each one costs {b} dollars.", "At the market {N} buys {a} {o}, each for {b} dollars."],
        ["On Monday {N} gets {a} {o} that cost {b} dollars each.", "Each of the {a} {o} that {N} buys costs {b} dollars."]);

    private static readonly Slot PriceTotal = new(
        ["How many dollars does {he} pay?", "How many dollars is that in total?", "What does {N} pay in dollars?", "How many dollars does {N} need?"],
        ["Count the dollars that {he} needs.", "What number of dollars is that?"]);

    private static readonly Slot Extra = new(
        ["{He} also buys a cup for {c} dollars.", "{He} pays {c} dollars more for a bag.", "Then {he} buys a toy for {c} dollars."],
        ["Later {he} buys a lamp for {c} dollars too."]);

    private static readonly Slot Pays = new(
        ["{He} pays with {c} dollars.", "{He} has {c} dollars.", "{He} gives the seller {c} dollars."],
        ["At first {N} had {c} dollars."]);

    private static readonly Slot PaysLeft = new(
        ["How many dollars are left?", "How many dollars does {he} get back?", "How many dollars remain?"],
        ["How many dollars does {N} still have at the end?"]);

    private static readonly Slot Share = new(
        ["{N} has {a} {o}. {He} shares them with {b} friends, the same number for each friend.", "{N} gives {a} {o} to {b} friends, the same number to each.", "{b} friends share the {a} {o} of {N} equally."],
        ["On Monday {b} friends of {N} share {a} {o} equally."]);

    private static readonly Slot ShareEach = new(
        ["How many {o} does each friend get?", "How many {o} is that for each friend?", "What does each friend get?"],
        ["How many {o} does one friend have then?"]);

    public static WordProblem One(ref RowRandom random, Phrasing phrasing)
    {
        var cast = Cast.Draw(ref random, phrasing);
        switch (random.Below(3))
        {
            case 0:
                var boxes = Sum.Times(ref random);
                return new(Join(cast, ref random, phrasing, boxes, Boxes, BoxesTotal), $"{boxes.A} {cast.Boxes}", [new("Total " + cast.Things, boxes)], IsFact: true);
            case 1:
                var price = Sum.Times(ref random);
                return new(Join(cast, ref random, phrasing, price, Price, PriceTotal), $"{price.A} {cast.Things}", [new("Total dollars", price)], IsFact: true);
            default:
                var share = Sum.Divide(ref random);
                return new(Join(cast, ref random, phrasing, share, Share, ShareEach), $"{share.A} {cast.Things}", [new("Each friend", share)], IsFact: true);
        }
    }

    public static WordProblem Two(ref RowRandom random, Phrasing phrasing)
    {
        var cast = Cast.Draw(ref random, phrasing);
        var first = Sum.Times(ref random);
        return random.Chance(50) ? BoxesThenChange(ref random, phrasing, cast, first) : PriceThenMore(ref random, phrasing, cast, first);
    }

    private static WordProblem BoxesThenChange(ref RowRandom random, Phrasing phrasing, Cast cast, Sum first)
    {
        var second = ChangeProblems.Change(ref random, first.Result);
        var text = $"{cast.Tell(Boxes.Pick(ref random, phrasing), first.A, first.B)} {ChangeProblems.Event(ref random, phrasing, cast, second)} {ChangeProblems.Question(ref random, phrasing, cast, second)}";
        return new(text, $"{first.A} {cast.Boxes}", [new("Total " + cast.Things, first), ChangeProblems.Step(cast, second)]);
    }

    private static WordProblem PriceThenMore(ref RowRandom random, Phrasing phrasing, Cast cast, Sum first)
    {
        var adds = random.Chance(50);
        var second = adds
            ? new Sum(first.Result, '+', random.Between(2, Math.Min(18, 99 - first.Result)))
            : new Sum(first.Result + random.Between(2, Math.Min(30, 99 - first.Result)), '-', first.Result);
        var given = adds ? second.B : second.A;
        var text = string.Join(
            ' ',
            cast.Tell(Price.Pick(ref random, phrasing), first.A, first.B),
            cast.Tell((adds ? Extra : Pays).Pick(ref random, phrasing), c: given),
            cast.Tell((adds ? PriceTotal : PaysLeft).Pick(ref random, phrasing)));
        return new(text, $"{first.A} {cast.Things}", [new("Total dollars", first), new(adds ? "Total dollars" : "Remaining dollars", second)]);
    }

    private static string Join(Cast cast, ref RowRandom random, Phrasing phrasing, Sum sum, Slot start, Slot question) =>
        $"{cast.Tell(start.Pick(ref random, phrasing), sum.A, sum.B)} {cast.Tell(question.Pick(ref random, phrasing))}";
}
