namespace Hearth.Evaluation;

/// <summary>What one worked answer is worth.</summary>
/// <param name="Format">Its sections can be read.</param>
/// <param name="Answer">Its last number is right.</param>
public readonly record struct WorkedAnswerScore(bool Format, bool Answer)
{
    /// <summary>Both.</summary>
    public bool Exact => Format && Answer;
}

/// <summary>Grades worked answers: format and number apart, so that a model that knows the number but not the form is seen as such.</summary>
public static class WorkedAnswerGrader
{
    /// <summary>Compares an answer with the expected one, of which only the last number counts.</summary>
    public static WorkedAnswerScore Grade(string answer, string expected) =>
        new(WorkedAnswer.Parse(answer) is not null, AnswerGrader.LastNumberIs(answer, expected));
}
