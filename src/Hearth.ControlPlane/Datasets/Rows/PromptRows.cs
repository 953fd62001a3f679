namespace Hearth.ControlPlane;

/// <summary>
/// Rows of reinforcement fine-tuning: <c>{messages, ground_truth, …}</c>. Messages as in chat rows, without the answer that the model is to find;
/// <c>ground_truth</c> is any JSON, and further fields go to the evaluator as they are.
/// </summary>
internal static class PromptRows
{
    public static RowProblem? Check(RowValue row, out RowFacts facts)
    {
        if (ChatRows.Check(row, out facts) is { } problem) return problem;
        if (!facts.Features.Holds(RowFeatures.Prompt))
            return new("the last message is the assistant's", "A prompt ends before the answer: remove it, or keep it as ground_truth.");
        facts = facts with { Format = RowFormat.Prompts, Trainable = false };
        return null;
    }
}
