namespace Hearth.Training;

/// <summary>Writes a short list from its end to its start.</summary>
internal sealed class ReverseTask : ICurriculumTask
{
    private static readonly string[] Templates =
    [
        "Reverse this list:{list}", "Write this list backwards:{list}", "Turn the order around:{list}", "Give these in reverse order:{list}", "Reverse the order:{list}",
        "From last to first:{list}", "List these from the end to the start:{list}", "Backwards, please:{list}", "Start with the last one:{list}",
    ];

    public string Name => "reverse";

    public int Weight => 60;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        var items = Lists.Draw(ref random, 3, 4);
        var separator = Lists.Separator(ref random);
        var text = string.Join(separator, items);
        var question = Words.Fill(random.Pick(Templates), ("list", Lists.AfterColon(text, separator)));
        return new(Name, question, string.Join(separator, items.Reverse()), "reverse:" + string.Join(',', items));
    }
}
