using System.Text;

namespace Hearth.Grammars.Tests;

/// <summary>Masks against the automaton asked token by token.</summary>
public sealed class MaskTests
{
    // Tokens that cover several terminals, cut characters, and repeat one another.
    private static readonly byte[][] Tokens =
    [
        .. Enumerable.Range(0, 256).Select(value => new[] { (byte)value }),
        .. new[] { "{\"", "\":", "\",\"", "\"}", "\"}}", "}}", "[1,", ",2]", "true", "tru", "null}", " \"", "  ", "\n  ", "\n    ", "abc", "é", "a\"", "a\",\"b\":\"", "12", "3.5", "\\n", "\\", "\"]}", "[[", "]]", "name", "name\":", "ame\": \"x\"", "a", "😀", "0", "00", "-1", "e5" }
            .Select(Encoding.UTF8.GetBytes),
    ];

    private static readonly TokenVocabulary Vocabulary = new([.. Tokens, null], Tokens.Length + 1);

    [Theory]
    [InlineData("""{"type":"object"}""")]
    [InlineData("""{"type":"object","properties":{"name":{"type":"string"},"a":{"type":"number"}},"required":["name"],"additionalProperties":{"type":"string","maxLength":3}}""")]
    [InlineData("""{"type":"array","items":{"anyOf":[{"type":"string","minLength":2,"maxLength":200},{"type":"array","items":{"type":"integer"},"maxItems":2},{"const":"abc"}]},"minItems":1}""")]
    [InlineData("""{"$ref":"#/$defs/t","$defs":{"t":{"type":"object","properties":{"a":{"$ref":"#/$defs/t"},"b":{"type":"string","pattern":"^[a-é]*$"}},"additionalProperties":false}}}""")]
    public void A_mask_allows_exactly_the_tokens_that_can_be_read(string schema)
    {
        var automaton = new TokenAutomaton(JsonSchemaGrammar.Compile(schema), Vocabulary);
        automaton.Prepare();
        var random = new Random(7);
        for (int text = 0; text < 40; text++)
        {
            var state = automaton.Start;
            for (int step = 0; step < 40 && !state.IsFinal; step++)
            {
                var words = new ulong[Vocabulary.Words];
                state.Mask.CopyTo(words);
                var allowed = Enumerable.Range(0, Vocabulary.Size).Where(id => (words[id >> 6] >> id & 1) != 0).ToArray();
                Assert.Equal(Enumerable.Range(0, Tokens.Length).Where(id => !state.Advance(Tokens[id]).IsDead), allowed);
                Assert.All(allowed, id => Assert.True(state.Mask.Allows(id)));
                Assert.Equal(state.IsComplete, state.Mask.AllowsEnd);
                Assert.NotEmpty(allowed);
                state = state.Advance(allowed[random.Next(allowed.Length)]);
            }
        }
    }

    [Fact]
    public void States_and_masks_that_were_dropped_are_made_again()
    {
        const string schema = """{"type":"array","items":{"type":"string","maxLength":300}}""";
        var kept = new TokenAutomaton(JsonSchemaGrammar.Compile(schema), Vocabulary);
        var tight = new TokenAutomaton(JsonSchemaGrammar.Compile(schema), Vocabulary, mostHeld: 2_000, mostWork: 1L << 40);
        var (a, b) = (kept.Start, tight.Start);
        foreach (byte value in Encoding.UTF8.GetBytes("[\"abcdefghijklmnopqrstuvwxyz\",\"" + new string('x', 290)))
        {
            (a, b) = (a.Advance([value]), b.Advance([value]));
            Assert.Equal(Bits(a), Bits(b));
        }
        Assert.True(tight.Drops > 3);

        static ulong[] Bits(GrammarState state)
        {
            var words = new ulong[Vocabulary.Words];
            state.Mask.CopyTo(words);
            return words;
        }
    }

    [Fact]
    public void A_text_that_takes_too_much_work_ends_with_a_reason_and_harms_no_other()
    {
        var automaton = new TokenAutomaton(JsonSchemaGrammar.Compile("""{"type":"object"}"""), Vocabulary, mostHeld: 1_000_000, mostWork: 5);
        var mask = automaton.Start.Mask;
        Assert.False(mask.HasTokens || mask.AllowsEnd);
        Assert.Contains("ambiguous", mask.Fault);
        Assert.True(automaton.Accepts("{}"));
    }

    [Fact]
    public void A_vocabulary_that_lacks_a_byte_ends_the_text_with_a_reason()
    {
        var digits = new TokenVocabulary([.. "0123456789"u8.ToArray().Select(value => new[] { value })], 10);
        var automaton = new TokenAutomaton(JsonSchemaGrammar.Compile("""{"type":"boolean"}"""), digits);
        Assert.Contains("vocabulary", automaton.Start.Mask.Fault);
    }

    [Fact]
    public async Task States_are_made_by_many_threads_at_once()
    {
        var automaton = new TokenAutomaton(JsonSchemaGrammar.Compile("""{"type":"object"}"""), Vocabulary, mostHeld: 5_000, mostWork: 1L << 40);
        var expected = Walk(new TokenAutomaton(automaton.Grammar, Vocabulary), 3);
        var walks = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Walk(automaton, 3))));
        Assert.All(walks, walk => Assert.Equal(expected, walk));

        static List<int> Walk(TokenAutomaton automaton, int seed)
        {
            var random = new Random(seed);
            var tokens = new List<int>();
            var state = automaton.Start;
            while (tokens.Count < 300 && !state.IsFinal)
            {
                var mask = state.Mask;
                int token = random.Next(Tokens.Length);
                while (!mask.Allows(token)) token = (token + 1) % Tokens.Length;
                tokens.Add(token);
                state = state.Advance(token);
            }
            return tokens;
        }
    }
}
