using System.IO.Compression;
using System.Text;
using Hearth.Grammars;
using Hearth.Tokenization;

namespace Hearth.Benchmarks;

/// <summary>
/// Structured output with the published vocabularies: compiling a schema, masks of states that are new and of states that were met before, a token's step. The
/// times stand against goals, not against a peer.
/// </summary>
internal static class GrammarBenchmark
{
    private const int Rounds = 5;
    private const double CompileGoal = 50, NewMaskGoal = 2, KnownMaskGoal = 0.05; // ms

    private const string Schema = """
        {"type":"object","properties":{"name":{"type":"string","description":"Full name"},"age":{"type":"integer","minimum":0,"maximum":150},
        "email":{"anyOf":[{"type":"string","format":"email"},{"type":"null"}]},"tags":{"type":"array","items":{"type":"string","enum":["new","vip","blocked"]},"maxItems":3},
        "note":{"type":"string","maxLength":200},"address":{"$ref":"#/$defs/Address"},"friends":{"type":"array","items":{"$ref":"#"},"maxItems":2}},
        "required":["name","age","tags","address"],"additionalProperties":false,
        "$defs":{"Address":{"type":"object","properties":{"street":{"type":"string"},"zip":{"type":"string","pattern":"^\\d{5}$"},"city":{"type":"string","minLength":1}},"required":["street","zip"],"additionalProperties":false}}}
        """;

    private const string Answer = """
        {"name": "Ada Lovelace, Countess", "age": 36, "email": "ada@example.org", "tags": ["vip", "new"], "note": "First to publish an algorithm for a machine; wrote \"Notes\" é😀.",
        "address": {"street": "12 St James's Square", "zip": "12345", "city": "London"}, "friends": [{"name": "Charles", "age": 79, "tags": [], "address": {"street": "1 Dorset St", "zip": "54321"}}]}
        """;

    public static void Run(Report report)
    {
        string fixtures = BenchFolder.Fixtures("tokenizers/real");
        double compile = double.MaxValue;
        for (int round = 0; round < Rounds; round++) compile = Math.Min(compile, 1000 * Clock.Time(() => JsonSchemaGrammar.Compile(Schema)));
        report.AddTime("grammar-compile", compile, CompileGoal, "ms", "goal; a schema of 11 properties, best of 5");
        foreach (string name in (string[])["smollm2", "qwen3", "gemma3"])
            if (report.Wants($"grammar-{name}")) Measure(report, name, Path.Combine(fixtures, name, "tokenizer.json.gz"));
    }

    private static void Measure(Report report, string name, string file)
    {
        using var packed = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        packed.CopyTo(bytes);
        var tokenizer = Tokenizer.Parse(bytes.ToArray());
        TokenVocabulary vocabulary = null!;
        double build = Clock.Time(() => vocabulary = new(tokenizer.VocabularyBytes(), tokenizer.IdLimit));
        int[] ids = tokenizer.Encode(Answer.ReplaceLineEndings(" "), parseSpecial: false);
        var words = new ulong[vocabulary.Words];
        Walk(Made(out _), ids, words); // compiles the code
        GC.Collect();
        var automaton = Made(out double prepare);
        report.Note($"{name}: {tokenizer.IdLimit} tokens, vocabulary made in {build * 1000:F0} ms; the schema's slowest masks in {prepare * 1000:F1} ms, away from the engine");
        double[] fresh = Walk(automaton, ids, words), known = Walk(automaton, ids, words);
        Array.Sort(fresh);
        report.AddTime($"grammar-{name}-new", fresh.Average(), NewMaskGoal, "ms", $"goal; mean of {ids.Length} states; median {fresh[fresh.Length / 2]:F3}, slowest {fresh[^1]:F2}");
        report.AddTime($"grammar-{name}-known", known.Average(), KnownMaskGoal, "ms", "goal; step and mask of a state met before");

        TokenAutomaton Made(out double seconds)
        {
            var made = new TokenAutomaton(JsonSchemaGrammar.Compile(Schema), vocabulary);
            seconds = Clock.Time(made.Prepare);
            return made;
        }
    }

    // Milliseconds a token: its mask, copied, and the step behind it.
    private static double[] Walk(TokenAutomaton automaton, int[] ids, ulong[] words)
    {
        var times = new double[ids.Length];
        var state = automaton.Start;
        for (int i = 0; i < ids.Length; i++)
        {
            times[i] = 1000 * Clock.Time(() =>
            {
                state.Mask.CopyTo(words);
                if ((words[ids[i] >> 6] >> ids[i] & 1) == 0) throw new InvalidOperationException($"Token {i} is not allowed.");
                state = state.Advance(ids[i]);
            });
        }
        return state.IsComplete ? times : throw new InvalidOperationException($"The answer is not complete.");
    }
}
