using System.Text;
using System.Text.Json;

namespace Hearth.Grammars.Tests;

/// <summary>Random schemas with real vocabularies: what a sampler may write is valid, and what is valid may be written.</summary>
[Trait("Category", "Fixtures")]
public sealed class TokenizerTests
{
    public static TheoryData<string> Tokenizers => [.. RealTokenizers.Names];

    [Theory, MemberData(nameof(Tokenizers))]
    public void The_bytes_of_tokens_one_behind_the_other_are_the_decoded_text(string name)
    {
        var (tokenizer, vocabulary) = RealTokenizers.Load(name);
        foreach (string text in (string[])["{\"name\": \"é😀日本語\", \"n\": [1, 2.5e3]}\n  x", "  two\tblanks"])
        {
            int[] ids = tokenizer.Encode("x" + text);
            var bytes = new List<byte>();
            foreach (int id in ids) bytes.AddRange(vocabulary.BytesOf(id));
            Assert.Equal(tokenizer.Decode(ids), Encoding.UTF8.GetString([.. bytes]).TrimStart(' '));
        }
        foreach (var added in tokenizer.AddedTokens.Where(token => token.IsSpecial)) Assert.True(vocabulary.BytesOf(added.Id).IsEmpty);
    }

    [Theory, MemberData(nameof(Tokenizers))]
    public void Every_valid_value_is_accepted_token_by_token_with_its_masks(string name)
    {
        var (tokenizer, vocabulary) = RealTokenizers.Load(name);
        for (int seed = 0; seed < 10; seed++)
        {
            var (schema, value) = new RandomSchemas(seed).Next();
            var automaton = new TokenAutomaton(JsonSchemaGrammar.Compile(schema.ToJsonString()), vocabulary);
            foreach (var style in JsonWriter.Styles)
            {
                string text = style.Write(value);
                var state = automaton.Start;
                int[] ids = tokenizer.Encode(text, parseSpecial: false);
                if (tokenizer.Decode(ids).TrimStart() != text) continue; // the small vocabularies cannot write everything
                foreach (int id in ids)
                {
                    Assert.True(state.Mask.Allows(id), $"seed {seed}: {schema.ToJsonString()} refuses token {tokenizer.TokenText(id)} in {text}");
                    state = state.Advance(id);
                }
                Assert.True(state.Mask.AllowsEnd, $"seed {seed}: {schema.ToJsonString()} does not end with {text}");
            }
        }
    }

    [Theory, MemberData(nameof(Tokenizers))]
    public void Whatever_is_drawn_under_masks_parses_and_is_valid(string name)
    {
        var (_, vocabulary) = RealTokenizers.Load(name);
        int ended = 0;
        for (int seed = 0; seed < 10; seed++)
        {
            string schema = new RandomSchemas(seed).Next().Schema.ToJsonString();
            var random = new Random(seed);
            if (Draw(new(JsonSchemaGrammar.Compile(schema), vocabulary), random) is not { } text) continue;
            ended++;
            using var value = JsonDocument.Parse(text);
            Assert.True(ReferenceCheck.IsValid(JsonDocument.Parse(schema).RootElement, value.RootElement), $"seed {seed}: {schema} gave {text}");
        }
        Assert.True(ended > 6, $"only {ended} ended");
    }

    // Random logits, but the model ends when it may, and likes tokens that lead out of strings. Null: it did not end.
    private static string? Draw(TokenAutomaton automaton, Random random)
    {
        var bytes = new List<byte>();
        var words = new ulong[automaton.Vocabulary.Words];
        var state = automaton.Start;
        for (int step = 0; step < 400; step++)
        {
            var mask = state.Mask;
            if (state.IsFinal || (mask.AllowsEnd && random.Next(2) == 0)) return Encoding.UTF8.GetString([.. bytes]);
            Assert.Null(mask.Fault);
            mask.CopyTo(words);
            int first = random.Next(automaton.Vocabulary.Size), id = first, wanted = random.Next(4) == 0 ? '"' : -1;
            for (int tries = 0; tries <= automaton.Vocabulary.Size; tries++, id = (id + 1) % automaton.Vocabulary.Size)
            {
                if ((words[id >> 6] >> id & 1) == 0) continue;
                if (tries > 50_000 || wanted < 0 || automaton.Vocabulary.BytesOf(id).Contains((byte)wanted)) break;
            }
            if ((words[id >> 6] >> id & 1) == 0) id = Enumerable.Range(0, automaton.Vocabulary.Size).First(mask.Allows);
            bytes.AddRange(automaton.Vocabulary.BytesOf(id));
            state = state.Advance(id);
        }
        return null;
    }
}
