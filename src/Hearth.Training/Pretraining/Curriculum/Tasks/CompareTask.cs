namespace Hearth.Training;

/// <summary>Compares numbers, ages and lengths.</summary>
internal sealed class CompareTask : ICurriculumTask
{
    private static readonly string[] Larger = ["Which is larger, {a} or {b}?", "Which number is bigger: {a} or {b}?", "What is the larger of {a} and {b}?", "Is {a} or {b} more?"];
    private static readonly string[] Smaller = ["Which is smaller, {a} or {b}?", "Which number is less: {a} or {b}?", "What is the smaller of {a} and {b}?", "Is {a} or {b} less?"];
    private static readonly string[] Sign = ["Put the right sign between {a} and {b}.", "Write < or > between {a} and {b}.", "Compare {a} and {b} with a sign."];
    private static readonly string[] YesNo = ["Is {a} larger than {b}?", "Is {a} more than {b}?", "True or not: {a} is larger than {b}? Say Yes or No."];
    private static readonly string[] Older = ["{x} is {a} years old. {y} is {b}. Who is older?", "{x} is {a} and {y} is {b} years old. Who is the older one?"];
    private static readonly string[] Younger = ["{x} is {a} years old. {y} is {b}. Who is younger?", "{x} is {a} and {y} is {b} years old. Who is the younger one?"];
    private static readonly string[] Largest = ["Which is the largest: {list}?", "Find the largest number: {list}", "What is the maximum of {list}?"];
    private static readonly string[] Smallest = ["Which is the smallest: {list}?", "Find the smallest number: {list}", "What is the minimum of {list}?"];

    public string Name => "compare";

    public int Weight => 40;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        var most = random.Chance(60) ? 99 : 999;
        var pair = Lists.Numbers(ref random, 2, most);
        var (a, b) = (pair[0], pair[1]);
        var (x, y) = (a > b ? a : b, a > b ? b : a);
        return random.Below(8) switch
        {
            0 or 1 => Pair(random.Pick(Larger), a, b, Lists.Digits(x)),
            2 => Pair(random.Pick(Smaller), a, b, Lists.Digits(y)),
            3 => Pair(random.Pick(Sign), a, b, a < b ? $"{a} < {b}" : $"{a} > {b}"),
            4 => Pair(random.Pick(YesNo), a, b, a > b ? "Yes" : "No"),
            5 => Ages(ref random),
            6 => Extreme(ref random, random.Pick(Largest), static n => n.Max()),
            _ => Extreme(ref random, random.Pick(Smallest), static n => n.Min()),
        };
    }

    private ChatExample Pair(string template, int a, int b, string answer) =>
        new(Name, Words.Fill(template, ("a", a), ("b", b)), answer, $"compare:{Math.Min(a, b)},{Math.Max(a, b)}");

    private ChatExample Ages(ref RowRandom random)
    {
        var names = random.Sample(Words.AllNames, 2);
        var ages = Lists.Numbers(ref random, 2, 90);
        var older = random.Chance(50);
        var question = Words.Fill(random.Pick(older ? Older : Younger), ("x", names[0]), ("y", names[1]), ("a", ages[0]), ("b", ages[1]));
        return new(Name, question, ages[0] > ages[1] == older ? names[0] : names[1], $"ages:{names[0]}{ages[0]},{names[1]}{ages[1]}");
    }

    private ChatExample Extreme(ref RowRandom random, string template, Func<int[], int> pick)
    {
        var numbers = Lists.Numbers(ref random, random.Between(3, 5), 99);
        return new(Name, Words.Fill(template, ("list", string.Join(", ", numbers))), Lists.Digits(pick(numbers)), "extreme:" + string.Join(',', numbers));
    }
}
