using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Hearth.Training.Tests;

public sealed class CurriculumTests
{
    private static readonly Lazy<ChatExample[]> Rows = new(() =>
    {
        var curriculum = new Curriculum();
        return Enumerable.Range(0, 20_000).Select(i => curriculum.Row(i)).ToArray();
    });

    public static TheoryData<string> Tasks => [.. Curriculum.TaskNames];

    // Changes whenever the curriculum does: then the embedded model has to be pre-trained again, and its card renewed.
    [Fact]
    public void The_first_thousand_rows_have_the_recorded_hash()
    {
        var text = string.Concat(Rows.Value.Take(1_000).Select(r => r.ToJson() + "\n"));
        Assert.Equal("a4159d4b5ef9d1f5aa2ff7acef0ddb21e2acd6837c3845c2a9eeb8003046e6d1", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
    }

    [Fact]
    public void A_row_depends_only_on_seed_and_index()
    {
        var curriculum = new Curriculum(5);
        var late = curriculum.Row(70_000).ToJson();
        foreach (var i in new[] { 3L, 69_999, 1 }) curriculum.Row(i);
        Assert.Equal(late, curriculum.Row(70_000).ToJson());
        Assert.NotEqual(late, new Curriculum(6).Row(70_000).ToJson());
    }

    [Fact]
    public void No_problem_kept_for_evaluation_is_in_200_000_training_rows()
    {
        var curriculum = new Curriculum();
        var heldOut = Curriculum.TaskNames.SelectMany(t => curriculum.HeldOut(t, 200)).SelectMany(r => r.ProblemKeys).ToHashSet();
        for (var i = 0; i < 200_000; i++) Assert.DoesNotContain(curriculum.Row(i).ProblemKeys, heldOut.Contains);
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Each_task_holds_back_200_different_problems_that_its_own_answers_solve(string task)
    {
        var rows = new Curriculum().HeldOut(task, 200);
        Assert.Equal(200, rows.Select(r => string.Join('|', r.ProblemKeys)).Distinct().Count());
        Assert.All(rows, r =>
        {
            Assert.Equal(task, r.Task);
            Assert.True(Curriculum.IsCorrect(r, " " + r.Answer + "\n"));
            Assert.False(Curriculum.IsCorrect(r, "no"));
        });
    }

    [Fact]
    public void The_demo_tags_never_occur()
    {
        foreach (var row in Rows.Value)
            foreach (var turn in row.Turns)
            {
                Assert.DoesNotContain("WORK]", turn.Content, StringComparison.OrdinalIgnoreCase);
                Assert.DoesNotContain("RESULT", turn.Content, StringComparison.OrdinalIgnoreCase);
            }
    }

    [Fact]
    public void What_the_demo_needs_occurs_in_other_tasks()
    {
        bool Has(string text) => Rows.Value.Count(r => r.Answer.Contains(text, StringComparison.Ordinal)) > 50;
        Assert.True(Has("[NOTE]\n") && Has("\n[/NOTE]") && Has("]\n\n["));
        Assert.True(Has("1. Start: ") && Has("\n2. Remaining ") && Has("\n3. Total "));
    }

    [Fact]
    public void Chats_alternate_and_end_with_the_assistant()
    {
        foreach (var row in Rows.Value)
        {
            var turns = row.Turns[0].Role == "system" ? row.Turns.Skip(1).ToArray() : [.. row.Turns];
            for (var i = 0; i < turns.Length; i++) Assert.Equal(i % 2 == 0 ? "user" : "assistant", turns[i].Role);
            Assert.Equal("assistant", row.Turns[^1].Role);
            Assert.All(row.Turns, t =>
            {
                Assert.NotEmpty(t.Content.Trim());
                Assert.DoesNotContain('{' + "}", t.Content);
                Assert.True(t.Content.All(c => c == '\n' || c is >= ' ' and <= '~'), t.Content);
            });
        }
    }

    [Fact]
    public void No_placeholder_stays_in_the_text()
    {
        foreach (var row in Rows.Value.Where(r => r.Task is not ("json" or "long-chat")))
            Assert.All(row.Turns, t => Assert.DoesNotContain('{', t.Content));
    }

    [Fact]
    public void The_mixture_follows_the_weights()
    {
        double total = Curriculum.Tasks.Sum(t => t.Weight);
        foreach (var task in Curriculum.Tasks)
        {
            var share = Rows.Value.Count(r => r.Task == task.Name) / (double)Rows.Value.Length;
            Assert.InRange(share, 0.8 * task.Weight / total, 1.2 * task.Weight / total);
        }
    }

    [Fact]
    public void Rows_are_short_and_some_fill_the_context()
    {
        var lengths = Rows.Value.Select(r => r.Turns.Sum(t => t.Content.Length)).ToArray();
        Assert.InRange(lengths.Average(), 80, 130);
        Assert.InRange(lengths.Max(), 1_400, 2_300);
        Assert.True(Rows.Value.Where(r => r.Task != "long-chat").Max(r => r.Turns.Sum(t => t.Content.Length)) < 500);
    }

    [Fact]
    public void A_row_is_one_line_of_json_messages()
    {
        var row = Rows.Value.First(r => r.Task == "json");
        var line = row.ToJson();
        Assert.DoesNotContain('\n', line);
        var messages = JsonDocument.Parse(line).RootElement.GetProperty("messages");
        Assert.Equal(row.Turns.Select(t => (t.Role, t.Content)), messages.EnumerateArray().Select(m => (m.GetProperty("role").GetString()!, m.GetProperty("content").GetString()!)));
    }

    [Fact]
    public void An_unknown_task_is_named_in_the_error() =>
        Assert.Contains("'copying'", Assert.Throws<ArgumentException>(() => new Curriculum().HeldOut("copying", 1)).Message);
}
