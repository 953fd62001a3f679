namespace Hearth.Training;

/// <summary>Greetings, thanks, and what the model says about itself.</summary>
internal sealed class SmallTalkTask : ICurriculumTask
{
    private static readonly (string[] Questions, string Answer)[] Talk =
    [
        (["Hello, I am {name} from {city}.", "Hi! My name is {name} and I live in {city}.", "Good morning from {city}. I am {name}.", "I am {name}. Greetings from {city}!"], "Hello {name}! How can I help you?"),
        (["Thank you! Best wishes, {name} from {city}.", "Thanks a lot. {name} from {city}.", "That was good. Thank you from {name} in {city}."], "You are welcome, {name}!"),
        (["Goodbye! {name} from {city}.", "Bye from {name} in {city}.", "I have to go to {city} now. Your {name}."], "Goodbye, {name}!"),
        (["Who are you?", "What are you?", "Tell me about yourself."], "I am a very small language model. I was made to be trained by you."),
        (["What can you do?", "What are you good at?", "How can you help me?"], "I can do small sums, lists, dates, units and short problems."),
        (["Hello!", "Hi.", "Good morning!", "Hey there."], "Hello! How can I help you?"),
        (["Thank you.", "Thanks!", "Thanks a lot."], "You are welcome!"),
    ];

    public string Name => "small-talk";

    public int Weight => 15;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        var (questions, answer) = random.Pick(Talk);
        var (name, city) = (Words.AnyName(ref random), random.Pick(Words.Cities));
        var template = random.Pick(questions);
        var question = Words.Fill(template, ("name", name), ("city", city));
        return new(Name, question, Words.Fill(answer, ("name", name)), template == question ? "" : "talk:" + question);
    }
}
