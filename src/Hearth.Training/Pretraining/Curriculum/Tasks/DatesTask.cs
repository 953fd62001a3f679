using System.Globalization;

namespace Hearth.Training;

/// <summary>Dates in two notations, neighbouring days, days of the week, earlier and later.</summary>
internal sealed class DatesTask : ICurriculumTask
{
    private static readonly string[] ToLong = ["Write {d} with the name of the month.", "Write the date {d} in words.", "Which date is {d}?", "Turn {d} into a long date.", "Say {d} with the month as a word."];
    private static readonly string[] ToShort = ["Write {d} in digits.", "Write {d} as year-month-day.", "Turn {d} into a short date.", "How do you write {d} in digits?"];
    private static readonly string[] Next = ["Which date comes after {d}?", "What is the day after {d}?", "Today is {d}. What is the date tomorrow?"];
    private static readonly string[] Previous = ["Which date comes before {d}?", "What is the day before {d}?", "Today is {d}. What was the date yesterday?"];
    private static readonly string[] Year = ["Which year is in {d}?", "Give only the year of {d}.", "In which year was {d}?"];
    private static readonly string[] Month = ["Which month is in {d}?", "Give only the month of {d}.", "In which month is {d}?"];
    private static readonly string[] Earlier = ["Which is earlier, {d} or {e}?", "Which date came first: {d} or {e}?"];
    private static readonly string[] DayAfter = ["Today is {d}. Which day is it in {n} days?", "Which day is {n} days after {d}?", "What day of the week comes {n} days after {d}?"];

    public string Name => "dates";

    public int Weight => 45;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        var date = Date(ref random);
        return random.Below(11) switch
        {
            0 or 1 => Row(random.Pick(ToLong), Short(date), Long(date), date),
            2 or 3 => Row(random.Pick(ToShort), Long(date), Short(date), date),
            4 => Row(random.Pick(Next), Short(date), Short(date.AddDays(1)), date),
            5 => Row(random.Pick(Previous), Short(date), Short(date.AddDays(-1)), date),
            6 => Row(random.Pick(Year), Either(ref random, date), date.Year.ToString(CultureInfo.InvariantCulture), date),
            7 => Row(random.Pick(Month), Either(ref random, date), Words.Months[date.Month - 1], date),
            8 or 9 => Compare(ref random, date),
            _ => Weekday(ref random),
        };
    }

    private ChatExample Row(string template, string shown, string answer, DateOnly date) => new(Name, Words.Fill(template, ("d", shown)), answer, "date:" + Short(date));

    private ChatExample Compare(ref RowRandom random, DateOnly date)
    {
        var other = Date(ref random);
        if (other == date) other = other.AddDays(1);
        var question = Words.Fill(random.Pick(Earlier), ("d", Short(date)), ("e", Short(other)));
        return new(Name, question, Short(date < other ? date : other), $"earlier:{Short(date)},{Short(other)}");
    }

    private ChatExample Weekday(ref RowRandom random)
    {
        var (day, days) = (random.Below(7), random.Between(1, 7));
        var question = Words.Fill(random.Pick(DayAfter), ("d", Words.Days[day]), ("n", days));
        // Seven days times seven distances: facts, too few to hold some back.
        return new(Name, question.Replace("1 days", "1 day", StringComparison.Ordinal), Words.Days[(day + days) % 7], "");
    }

    private static DateOnly Date(ref RowRandom random) => new DateOnly(2000, 1, 1).AddDays(random.Below(30 * 365));

    private static string Either(ref RowRandom random, DateOnly date) => random.Chance(50) ? Short(date) : Long(date);

    private static string Short(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Long(DateOnly date) => $"{Words.Months[date.Month - 1]} {date.Day}, {date.Year}";
}
