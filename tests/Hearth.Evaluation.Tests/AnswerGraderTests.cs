using Xunit;

namespace Hearth.Evaluation.Tests;

public sealed class AnswerGraderTests
{
    [Theory]
    [InlineData("18", "18")]
    [InlineData("There are 4 boxes, so 18.", "18")]
    [InlineData("16 - 3 = 13", "13")]
    [InlineData("5-3", "3")]
    [InlineData("x = -3", "-3")]
    [InlineData("(-3)", "-3")]
    [InlineData("$1,250.50", "1250.50")]
    [InlineData("1, 2, 3", "3")]
    [InlineData("12,34", "34")]
    [InlineData("2,000 eggs", "2000")]
    [InlineData("18.0", "18")]
    [InlineData("18%", "18")]
    public void The_last_number_is_found(string text, string number) => Assert.True(AnswerGrader.LastNumberIs(text, number));

    [Theory]
    [InlineData("")]
    [InlineData("eighteen")]
    [InlineData("B2x")]
    [InlineData("99999999999999999999999999999999999999")]
    public void A_text_without_a_readable_number_has_none(string text) => Assert.Null(AnswerGrader.LastNumber(text));

    [Fact]
    public void The_right_number_before_a_wrong_one_does_not_count() => Assert.False(AnswerGrader.LastNumberIs("18, or 19", "18"));

    [Theory]
    [InlineData(" a b\n", "a b", true)]
    [InlineData("a  b", "a b", false)]
    [InlineData("A b", "a b", false)]
    [InlineData("", "a", false)]
    public void Exact_means_equal_after_trimming(string answer, string expected, bool equal) => Assert.Equal(equal, AnswerGrader.IsExact(answer, expected));
}
