using Xunit;

namespace Hearth.Evaluation.Tests;

public sealed class WorkedAnswerGraderTests
{
    private const string Good = "[WORK]\n1. Start: 16 eggs\n2. Remaining eggs: 16 - 3 = 13\n[/WORK]\n\n[RESULT]\n13\n[/RESULT]";

    [Theory]
    [InlineData(Good, true, true)]
    [InlineData("  " + Good + "\n\n", true, true)]
    [InlineData("[WORK]16 - 3[/WORK][RESULT]13 eggs[/RESULT]", true, true)]
    [InlineData("[WORK]\n16 - 3 = 12\n[/WORK]\n[RESULT]\n12\n[/RESULT]", true, false)]
    [InlineData("[WORK]\n16 - 3 = 13\n[/WORK]\n[RESULT]\nthirteen\n[/RESULT]", true, true)] // the last number anywhere counts
    [InlineData("13", false, true)]
    [InlineData("12", false, false)]
    [InlineData("", false, false)]
    [InlineData("Well: " + Good, false, true)]
    [InlineData(Good + " 14", false, false)]
    [InlineData("[RESULT]\n13\n[/RESULT]\n[WORK]\n16 - 3\n[/WORK]", false, false)]
    [InlineData("[WORK]\n16 - 3 = 13\n[/WORK]\n\n[RESULT]\n13", false, true)]
    [InlineData("[WORK]\n[/WORK]\n[RESULT]\n13\n[/RESULT]", false, true)]
    [InlineData("[WORK]\n16 - 3\n[/WORK]\n[RESULT]\n\n[/RESULT]", false, false)]
    [InlineData("[WORK]\na\n[WORK]\nb\n[/WORK]\n[RESULT]\n13\n[/RESULT]", false, true)]
    [InlineData("[WORK]\na\n[/WORK]\nso\n[RESULT]\n13\n[/RESULT]", false, true)]
    [InlineData("[work]\na\n[/work]\n[result]\n13\n[/result]", false, true)]
    [InlineData("[WORK]\na\n[/WORK]\n[RESULT]\n12\n[/RESULT]\n[RESULT]\n13\n[/RESULT]", false, true)]
    public void Form_and_number_are_graded_apart(string answer, bool format, bool number)
    {
        var score = WorkedAnswerGrader.Grade(answer, Good);
        Assert.Equal((format, number, format && number), (score.Format, score.Answer, score.Exact));
    }

    [Fact]
    public void A_parsed_answer_is_written_back_as_it_was() => Assert.Equal(Good, WorkedAnswer.Parse(Good)!.ToString());

    [Fact]
    public void The_summary_is_the_mean_over_rows()
    {
        var summary = WorkedAnswerSummary.Of([new(true, true), new(true, false), new(false, true), new(false, false)]);
        Assert.Equal(new(4, 0.5, 0.5, 0.25), summary);
        Assert.Throws<ArgumentException>(() => WorkedAnswerSummary.Of([]));
    }

    [Fact]
    public void Accuracy_is_the_share_of_right_rows()
    {
        Assert.Equal(0.75, new TaskAccuracy("sort", 4, 3).Accuracy);
        Assert.Equal(0, new TaskAccuracy("sort", 0, 0).Accuracy);
    }
}
