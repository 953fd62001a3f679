namespace Hearth.Training;

/// <summary>A person in a problem.</summary>
public sealed record Person(string Name, string He, string Him, string His);

/// <summary>The words that the tasks draw from: few enough that a small tokenizer keeps most of them whole.</summary>
internal static class Words
{
    public static readonly IReadOnlyList<Person> People =
    [
        .. new[] { "Tom", "Ben", "Max", "Sam", "Jack", "Leo", "Paul", "Omar", "Dan", "Finn", "Ali", "Hugo", "Carl", "Luke", "Noah", "Eric" }.Select(He),
        .. new[] { "Anna", "Lisa", "Emma", "Mia", "Nora", "Ella", "Ruth", "Lily", "Kate", "Sara", "Jane", "Rosa", "Ivy", "Maya", "Zoe", "Vera" }.Select(She),
    ];

    /// <summary>People who occur in other tasks but in no word problem that a model is trained on.</summary>
    public static readonly IReadOnlyList<Person> UnseenPeople =
        [He("Peter"), She("Clara"), He("Adam"), She("Helen"), He("Oscar"), She("Alice"), He("Felix"), She("Diana")];

    public static readonly IReadOnlyList<string> AllNames = [.. People.Concat(UnseenPeople).Select(p => p.Name)];

    public static readonly IReadOnlyList<string> Things =
        ["eggs", "apples", "pens", "books", "coins", "cards", "stamps", "shells", "marbles", "cookies", "stickers", "pears", "cups", "plates", "toys", "balls", "stones", "flowers", "nuts", "plums"];

    /// <summary>Things that occur in other tasks but in no word problem that a model is trained on.</summary>
    public static readonly IReadOnlyList<string> UnseenThings = ["buttons", "candles", "tickets", "lemons", "keys", "hats"];

    public static readonly IReadOnlyList<string> Boxes = ["boxes", "bags", "baskets", "jars", "packs", "crates"];

    /// <summary>For lists: copied, reversed, sorted, counted.</summary>
    public static readonly IReadOnlyList<string> Fruits = ["apple", "banana", "cherry", "grape", "lemon", "mango", "orange", "peach", "pear", "plum"];
    public static readonly IReadOnlyList<string> Animals = ["bear", "cat", "cow", "dog", "duck", "fox", "goat", "horse", "lion", "mouse", "owl", "pig", "rabbit", "sheep", "wolf"];
    public static readonly IReadOnlyList<string> Colors = ["black", "blue", "brown", "gray", "green", "pink", "red", "white", "yellow"];
    public static readonly IReadOnlyList<string> Tools = ["axe", "brush", "drill", "fork", "hammer", "knife", "lamp", "rope", "saw", "spoon"];
    public static readonly IReadOnlyList<string> Places = ["bridge", "castle", "farm", "forest", "garden", "harbor", "house", "island", "lake", "market", "river", "road", "school", "tower", "village"];
    public static readonly IReadOnlyList<string> Nouns = [.. Fruits, .. Animals, .. Colors, .. Tools, .. Places];

    /// <summary>The words of lists. The unseen things are among them, so that the tokenizer and the model know these words.</summary>
    public static readonly IReadOnlyList<string> ListWords = [.. Nouns, .. UnseenThings];

    public static readonly IReadOnlyList<string> Adjectives = ["big", "small", "old", "new", "quiet", "warm", "cold", "bright", "dark", "quick"];
    public static readonly IReadOnlyList<string> Verbs = ["sees", "finds", "likes", "follows", "paints", "watches"];

    public static readonly IReadOnlyList<string> Cities =
        ["Paris", "Rome", "London", "Berlin", "Madrid", "Vienna", "Oslo", "Lima", "Cairo", "Tokyo", "Delhi", "Boston", "Dublin", "Prague", "Athens", "Warsaw"];

    public static readonly IReadOnlyList<string> Jobs = ["teacher", "baker", "doctor", "farmer", "painter", "driver", "writer", "pilot", "nurse", "singer"];

    public static readonly IReadOnlyList<string> Days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

    public static readonly IReadOnlyList<string> Months =
        ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

    private static readonly string[] Small =
    [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
        "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
    ];

    private static readonly string[] Tens = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

    /// <summary>A name for any task but word problems: the unseen people come often, since nothing else teaches their names.</summary>
    public static string AnyName(ref RowRandom random) => random.Pick(random.Chance(40) ? UnseenPeople : People).Name;

    /// <summary>A number from 0 to 199 in words: 42 is <c>forty-two</c>.</summary>
    public static string Number(int value) => value switch
    {
        < 20 => Small[value],
        < 100 => Tens[value / 10] + (value % 10 == 0 ? "" : "-" + Small[value % 10]),
        100 => "one hundred",
        < 200 => "one hundred " + Number(value - 100),
        _ => throw new ArgumentOutOfRangeException(nameof(value), value, "Only numbers below 200 are written in words."),
    };

    /// <summary>Upper-case first letter.</summary>
    public static string Capitalize(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    /// <summary>Replaces <c>{name}</c> in a template.</summary>
    public static string Fill(string template, params ReadOnlySpan<(string Name, object Value)> values)
    {
        foreach (var (name, value) in values) template = template.Replace("{" + name + "}", Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        return template;
    }

    private static Person He(string name) => new(name, "he", "him", "his");

    private static Person She(string name) => new(name, "she", "her", "her");
}
