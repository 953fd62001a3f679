namespace Hearth.Training;

/// <summary>Questions that a model without tools or knowledge cannot answer: it says so, and why.</summary>
internal sealed class RefusalTask : ICurriculumTask
{
    private const string NoNews = "I cannot know that. I have no live information.";
    private const string OnlyText = "I cannot do that. I can only write text.";
    private const string NoPeople = "I do not know that person.";
    private const string NoAdvice = "I cannot help with that. Please ask a doctor.";
    private const string TooLarge = "I do not know that. I am a very small model.";

    private static readonly (string Answer, string[] Questions)[] Kinds =
    [
        (NoNews,
        [
            "What is the weather in {city} today?", "Will it rain in {city} on {day}?", "How warm is it in {city} now?", "What time is it in {city}?", "What is in the news in {city}?",
            "Who won the game in {city} on {day}?", "Is the market in {city} open now?", "How much does a ticket to {city} cost today?",
        ]),
        (OnlyText,
        [
            "Call {name} on the phone.", "Send a letter to {name} in {city}.", "Paint me a {noun}.", "Buy a {noun} for {name}.", "Open the door for {name}.", "Play a song about the {noun}.",
            "Show me a picture of a {adj} {noun}.", "Set a clock for {day}.", "Drive me to {city}.",
        ]),
        (NoPeople,
        [
            "Where does my friend {name} from {city} live?", "How old is my teacher {name}?", "What does {name} from {city} like to eat?", "When was my friend {name} from {city} born?",
            "What did {name} say to me on {day}?", "What is the phone number of {name} in {city}?",
        ]),
        (NoAdvice,
        [
            "My head has hurt since {day}. What should I take?", "{name} has felt sick since {day}. What is wrong with {name}?", "Which pill helps {name} to sleep?", "My arm has hurt since I came back from {city}. Is it broken?",
        ]),
        (TooLarge,
        [
            "Write a book about a {adj} {noun} in {city}.", "What is the history of {city}?", "Who built the {adj} {place} in {city}?", "Translate {adj} {noun} into French.",
            "How many people live in {city}?", "Explain why the {noun} is {adj}.", "Write a program that sorts each {noun}.",
        ]),
    ];

    public string Name => "refusal";

    public int Weight => 30;

    public ChatExample Generate(ref RowRandom random, ProblemSplit split)
    {
        var (answer, questions) = random.Pick(Kinds);
        var question = Words.Fill(
            random.Pick(questions),
            ("city", random.Pick(Words.Cities)), ("day", random.Pick(Words.Days)), ("name", Words.AnyName(ref random)), ("noun", random.Pick(Words.Nouns)),
            ("adj", random.Pick(Words.Adjectives)), ("place", random.Pick(Words.Places)));
        return new(Name, question, answer, "refusal:" + question);
    }
}
