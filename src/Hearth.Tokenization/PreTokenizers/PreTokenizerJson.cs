using System.Text;
using System.Text.Json;

namespace Hearth.Tokenization;

internal static class PreTokenizerJson
{
    // tokenizers, pre_tokenizers/whitespace.rs.
    private const string WordsAndSymbols = @"\w+|[^\w\s]+";

    public static IPreTokenizer Read(JsonElement json) => json.Kind() switch
    {
        "Sequence" => new SequencePreTokenizer([.. json.GetProperty("pretokenizers").EnumerateArray().Select(Read)]),
        "ByteLevel" => new ByteLevelPreTokenizer(json.Flag("add_prefix_space"), json.Flag("use_regex", absent: true)),
        "Split" => new SplitPreTokenizer(json.Pattern(), Behavior(json), json.Flag("invert")),
        "Digits" => new RuneSplitPreTokenizer(
            Rune.IsNumber, json.Flag("individual_digits") ? SplitBehavior.Isolated : SplitBehavior.Contiguous),
        "Punctuation" => new RuneSplitPreTokenizer(RuneClasses.IsPunctuation, Behavior(json)),
        "WhitespaceSplit" => new RuneSplitPreTokenizer(Rune.IsWhiteSpace, SplitBehavior.Removed),
        "Whitespace" => new SplitPreTokenizer(new CodePointRegex(WordsAndSymbols), SplitBehavior.Removed, invert: true),
        "CharDelimiterSplit" => ReadCharDelimiter(json),
        "FixedLength" => new FixedLengthPreTokenizer(Math.Max(1, json.GetProperty("length").GetInt32())),
        "BertPreTokenizer" => new SequencePreTokenizer([
            new RuneSplitPreTokenizer(Rune.IsWhiteSpace, SplitBehavior.Removed),
            new RuneSplitPreTokenizer(RuneClasses.IsPunctuation, SplitBehavior.Isolated)]),
        "Metaspace" => new MetaspacePreTokenizer(
            json.GetProperty("replacement").GetString()![0], Scheme(json), json.Flag("split", absent: true)),
        var kind => throw new NotSupportedException($"Tokenizer pre-tokenizer '{kind}' is not supported."),
    };

    internal static PrependScheme Scheme(JsonElement json) => json.Text("prepend_scheme") switch
    {
        "first" => PrependScheme.First,
        "never" => PrependScheme.Never,
        "always" => PrependScheme.Always,
        null => json.Flag("add_prefix_space", absent: true) ? PrependScheme.Always : PrependScheme.Never,
        var other => throw new NotSupportedException($"Metaspace prepend scheme '{other}' is not supported."),
    };

    private static RuneSplitPreTokenizer ReadCharDelimiter(JsonElement json)
    {
        var delimiter = json.GetProperty("delimiter").GetString()!.EnumerateRunes().First();
        return new RuneSplitPreTokenizer(rune => rune == delimiter, SplitBehavior.Removed);
    }

    private static SplitBehavior Behavior(JsonElement json)
    {
        var name = json.GetProperty("behavior").GetString();
        return Enum.TryParse<SplitBehavior>(name, out var behavior)
            ? behavior
            : throw new NotSupportedException($"Split behavior '{name}' is not supported.");
    }
}
