namespace Hearth.Training;

/// <summary>Many questions in one chat, up to the model's whole context, so that late positions are trained too.</summary>
internal sealed class LongChatTask(IReadOnlyList<ICurriculumTask> tasks) : ICurriculumTask
{
    // About 1,000 tokens with the template's own tokens: some 2.6 characters a token and 9 tokens around each message.
    private const int MostCharacters = 2_300;
    private const int CharactersAroundTurn = 15;

    public string Name => "long-chat";

    public int Weight => 12;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        var turns = new List<ChatTurn>();
        var keys = new List<string>();
        var rule = AnswerRule.Exact;
        var room = random.Between(MostCharacters / 4, MostCharacters);
        while (true)
        {
            var task = random.Pick(tasks);
            var next = split.Draw(ref random, task.Generate, static e => e.ProblemKeys);
            room -= next.Turns.Sum(t => t.Content.Length + CharactersAroundTurn);
            if (room < 0 && turns.Count > 0) break;
            turns.AddRange(next.Turns);
            keys.AddRange(next.ProblemKeys);
            rule = next.Rule;
        }
        return new(Name, turns, [.. keys.Distinct()], rule);
    }
}
