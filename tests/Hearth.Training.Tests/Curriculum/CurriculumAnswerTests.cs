using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Hearth.Training.Tests;

/// <summary>Solves rows again from their text alone, by other means than the generator's.</summary>
public sealed partial class CurriculumAnswerTests
{
    private static readonly Lazy<ChatExample[]> Rows = new(() =>
    {
        var curriculum = new Curriculum(11);
        return Enumerable.Range(0, 15_000).Select(i => curriculum.Row(i)).ToArray();
    });

    private static ChatExample[] Of(string task) => [.. Rows.Value.Where(r => r.Task == task)];

    [Fact]
    public void Every_equation_anywhere_is_true()
    {
        var count = 0;
        foreach (var turn in Rows.Value.SelectMany(r => r.Turns))
            foreach (Match m in Equation().Matches(turn.Content))
            {
                var (a, b, c) = (Int(m.Groups[1]), Int(m.Groups[3]), Int(m.Groups[4]));
                Assert.Equal(c, m.Groups[2].Value switch { "+" => a + b, "-" => a - b, "x" => a * b, _ => a / b });
                Assert.InRange(c, 0, 999);
                count++;
            }
        Assert.True(count > 4_000);
    }

    [Fact]
    public void Sums_in_digits_are_right()
    {
        var count = 0;
        foreach (var row in Of("arithmetic"))
        {
            var m = AnySum().Match(row.Turns[0].Content);
            if (!m.Success || row.Answer.Contains('=')) continue;
            var (a, b) = (Int(m.Groups[1]), Int(m.Groups[3]));
            var value = m.Groups[2].Value switch { "+" => a + b, "-" => a - b, "x" => a * b, _ => a / b };
            if (m.Groups[4].Success) value += Int(m.Groups[5]) * (m.Groups[4].Value == "+" ? 1 : -1);
            Assert.Equal(value.ToString(CultureInfo.InvariantCulture), row.Answer);
            count++;
        }
        Assert.True(count > 400);
    }

    [Fact]
    public void Worked_steps_use_every_number_of_the_problem_and_follow_on()
    {
        foreach (var row in Of("steps"))
        {
            var given = Number().Matches(row.Turns[0].Content).Select(m => m.Value).Order().ToList();
            var equations = Equation().Matches(row.Answer);
            var used = equations.SelectMany(m => new[] { m.Groups[1].Value, m.Groups[3].Value }).ToList();
            if (equations.Count == 2)
            {
                // The second line takes up the first line's result; "A has 16, B has 5 more, together" uses the 16 twice.
                Assert.True(used.Skip(2).Contains(equations[0].Groups[4].Value), row.ToJson());
                used.RemoveAt(2 + used.Skip(2).ToList().IndexOf(equations[0].Groups[4].Value));
            }
            if (used.Count == given.Count + 1) used.Remove(used[^1]);
            Assert.Equal(given, used.Order());
            Assert.EndsWith("\nAnswer: " + equations[^1].Groups[4].Value, row.Answer);
            Assert.StartsWith("1. Start: ", row.Answer);
        }
    }

    [Fact]
    public void Word_problems_end_in_the_number_that_their_key_computes()
    {
        foreach (var row in Rows.Value.Where(r => r.Task.StartsWith("word-problem", StringComparison.Ordinal) && r.ProblemKeys.Count > 0))
        {
            var last = KeySum().Match(row.ProblemKeys[0]);
            var (a, b) = (Int(last.Groups[1]), Int(last.Groups[3]));
            var value = last.Groups[2].Value switch { "+" => a + b, "-" => a - b, "x" => a * b, _ => a / b };
            Assert.Equal(value.ToString(CultureInfo.InvariantCulture), row.Answer);
            Assert.InRange(value, 1, 99);
        }
    }

    [Fact]
    public void Sorted_and_reversed_lists_hold_the_same_items()
    {
        foreach (var row in Of("sort").Concat(Of("reverse")).Concat(Of("copy")))
        {
            var question = row.Turns[0].Content;
            var list = question[(question.IndexOf(':') + 1)..].Trim();
            var separator = row.Answer.Contains('\n') ? "\n" : row.Answer.Contains("; ", StringComparison.Ordinal) ? "; " : row.Answer.Contains(", ", StringComparison.Ordinal) ? ", " : " ";
            var (given, answer) = (list.Split(separator), row.Answer.Split(separator));
            if (row.Task == "copy") Assert.Equal(given, answer);
            else if (row.Task == "reverse") Assert.Equal(given.Reverse(), answer);
            else
            {
                var numbers = int.TryParse(given[0], out _);
                var down = question.Contains("large to", StringComparison.Ordinal) || question.Contains("largest first", StringComparison.Ordinal)
                    || question.Contains("largest to", StringComparison.Ordinal) || question.Contains("descending", StringComparison.Ordinal);
                var sorted = numbers ? [.. given.OrderBy(g => int.Parse(g, CultureInfo.InvariantCulture))] : given.Order(StringComparer.Ordinal).ToArray();
                Assert.Equal(down ? sorted.Reverse() : sorted, answer);
            }
        }
    }

    [Fact]
    public void Extracted_json_parses_and_its_values_stand_in_the_text()
    {
        foreach (var row in Of("json"))
            foreach (var field in JsonDocument.Parse(row.Answer).RootElement.EnumerateObject())
            {
                Assert.Contains(field.Name, row.Turns[0].Content, StringComparison.Ordinal);
                Assert.Contains(field.Value.ToString(), row.Turns[0].Content, StringComparison.Ordinal);
            }
    }

    [Fact]
    public void Converted_units_keep_the_amount()
    {
        foreach (var row in Of("units"))
        {
            static long Smallest(string text) => Amount().Matches(text).Sum(m => Int(m.Groups[1]) * m.Groups[2].Value switch
            {
                "km" => 1_000_000L,
                "m" => 1_000,
                "cm" => 10,
                "mm" => 1,
                "kg" => 1_000,
                "g" => 1,
                "dollars" => 100,
                "cents" => 1,
                "hours" => 60,
                _ => 1,
            });
            Assert.Equal(Smallest(row.Turns[0].Content), Smallest(row.Answer));
        }
    }

    [Fact]
    public void Capitals_differ_from_the_text_only_in_case()
    {
        foreach (var row in Of("capitals"))
            Assert.Contains(row.Answer, row.Turns[0].Content, StringComparison.OrdinalIgnoreCase);
    }

    private static int Int(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?<![\d+x/-] )(\d+) ([+x/-]) (\d+) = (\d+)")]
    private static partial Regex Equation();

    [GeneratedRegex(@"(\d+) ([+x/-]) (\d+)(?: ([+-]) (\d+))?")]
    private static partial Regex AnySum();

    [GeneratedRegex(@"(\d+) ([+x/-]) (\d+)$")]
    private static partial Regex KeySum();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();

    [GeneratedRegex(@"(\d+) (km|m|cm|mm|kg|g|dollars|cents|hours|minutes)\b")]
    private static partial Regex Amount();
}
