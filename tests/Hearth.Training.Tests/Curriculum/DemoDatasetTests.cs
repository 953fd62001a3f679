using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Hearth.Evaluation;
using Xunit;

namespace Hearth.Training.Tests;

public sealed class DemoDatasetTests
{
    private static readonly DemoDataset Demo = new();

    [Fact]
    public void The_sets_have_the_recorded_hash()
    {
        var text = DemoDataset.ToJsonLines(Demo.Training) + DemoDataset.ToJsonLines(Demo.HeldOut) + DemoDataset.ToJsonLines(Demo.NewPhrasings) + DemoDataset.ToJsonLines(Demo.NewWords);
        Assert.Equal("843416fd9f67d41e699dea3d620246a6deda9c22a84d145fc3f0e6733195e0a5", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
    }

    [Fact]
    public void There_are_1000_training_rows_and_100_of_each_held_out_kind() =>
        Assert.Equal((1_000, 100, 100, 100), (Demo.Training.Count, Demo.HeldOut.Count, Demo.NewPhrasings.Count, Demo.NewWords.Count));

    [Fact]
    public void No_problem_occurs_twice_in_any_set()
    {
        var rows = Demo.Training.Concat(Demo.HeldOut).Concat(Demo.NewPhrasings).Concat(Demo.NewWords).ToArray();
        Assert.Equal(rows.Length, rows.Select(r => Assert.Single(r.ProblemKeys)).Distinct().Count());
        // By another reading of "problem": the numbers in the question, whatever their order.
        var trained = Demo.Training.Select(r => r.Turns[0].Content).ToHashSet();
        Assert.DoesNotContain(Demo.HeldOut.Concat(Demo.NewPhrasings).Concat(Demo.NewWords), r => trained.Contains(r.Turns[0].Content));
    }

    [Fact]
    public void Held_out_problems_are_not_in_the_curriculum()
    {
        var heldOut = Demo.HeldOut.Concat(Demo.NewPhrasings).Concat(Demo.NewWords).SelectMany(r => r.ProblemKeys).ToHashSet();
        var curriculum = new Curriculum();
        for (var i = 0; i < 50_000; i++) Assert.DoesNotContain(curriculum.Row(i).ProblemKeys, heldOut.Contains);
    }

    [Fact]
    public void New_phrasings_share_no_sentence_pattern_with_trained_rows()
    {
        // A sentence without its names, things and numbers is its pattern.
        var trained = Demo.Training.Concat(Demo.HeldOut).SelectMany(r => Patterns(r.Turns[0].Content)).ToHashSet();
        foreach (var row in Demo.NewPhrasings.Concat(Demo.NewWords))
            Assert.All(Patterns(row.Turns[0].Content), p => Assert.DoesNotContain(p, trained));
        Assert.InRange(trained.Count, 50, 400);

        static IEnumerable<string> Patterns(string text) =>
            Regex.Split(text, "(?<=[.?]) ").Select(s => Regex.Replace(Regex.Replace(s, string.Join('|', Replaceable), "_"), @"\d+", "#"));
    }

    [Fact]
    public void New_words_are_names_and_things_that_no_trained_word_problem_has()
    {
        var curriculum = new Curriculum();
        var trained = Demo.Training.Concat(Enumerable.Range(0, 20_000).Select(i => curriculum.Row(i)).Where(r => r.Task is "word-problem-1" or "word-problem-2" or "steps"))
            .SelectMany(r => r.Turns).Select(t => t.Content).ToArray();
        foreach (var word in new[] { "Peter", "Clara", "Diana", "buttons", "candles", "tickets" })
        {
            Assert.DoesNotContain(trained, t => t.Contains(word, StringComparison.Ordinal));
            Assert.Contains(Demo.NewWords, r => r.Turns[0].Content.Contains(word, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_answer_is_exact_and_its_equations_are_true()
    {
        foreach (var row in Demo.Training.Concat(Demo.HeldOut).Concat(Demo.NewPhrasings).Concat(Demo.NewWords))
        {
            Assert.True(WorkedAnswerGrader.Grade(row.Answer, row.Answer).Exact);
            var worked = WorkedAnswer.Parse(row.Answer)!;
            var lines = worked.Work.Split('\n');
            Assert.InRange(lines.Length, 2, 3);
            Assert.StartsWith("1. Start: ", lines[0]);
            foreach (var line in lines[1..])
            {
                var m = Regex.Match(line, @"^\d\. [A-Z][A-Za-z ]+: (\d+) ([+x/-]) (\d+) = (\d+)$");
                Assert.True(m.Success, line);
                var (a, b) = (int.Parse(m.Groups[1].Value), int.Parse(m.Groups[3].Value));
                Assert.Equal(m.Groups[4].Value, (m.Groups[2].Value switch { "+" => a + b, "-" => a - b, "x" => a * b, _ => a / b }).ToString());
            }
            Assert.EndsWith(" = " + worked.Result, lines[^1]);
        }
    }

    [Fact]
    public void Rows_are_short() => Assert.InRange(Demo.Training.Average(r => r.Turns.Sum(t => t.Content.Length)), 150, 230);

    private static readonly string[] Replaceable =
    [
        "Tom", "Ben", "Max", "Sam", "Jack", "Leo", "Paul", "Omar", "Dan", "Finn", "Ali(?!ce)", "Hugo", "Carl", "Luke", "Noah", "Eric", "Anna", "Lisa", "Emma", "Mia", "Nora", "Ella", "Ruth", "Lily", "Kate",
        "Sara", "Jane", "Rosa", "Ivy", "Maya", "Zoe", "Vera", "Peter", "Clara", "Adam", "Helen", "Oscar", "Alice", "Felix", "Diana",
        "eggs", "apples", "pens", "books", "coins", "cards", "stamps", "shells", "marbles", "cookies", "stickers", "pears", "cups", "plates", "toys", "balls", "stones", "flowers", "nuts", "plums",
        "buttons", "candles", "tickets", "lemons", "keys", "hats", "boxes", "bags", "baskets", "jars", "packs", "crates", @"\b[Ss]?[Hh]e\b", @"\b(him|her|his)\b",
    ];
}
