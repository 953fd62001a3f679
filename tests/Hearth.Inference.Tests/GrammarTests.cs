using System.Text;
using System.Text.Json;
using Hearth.Grammars;

namespace Hearth.Inference.Tests;

/// <summary>Completions held to a grammar, in the whole engine: a fake model that knows nothing of JSON, a vocabulary of bytes and a few longer tokens.</summary>
public sealed class GrammarTests
{
    private const int End = 270;
    private const string Person = """{"type":"object","properties":{"name":{"type":"string","maxLength":12},"age":{"type":"integer","minimum":0,"maximum":120},"tags":{"type":"array","items":{"enum":["a","b"]},"maxItems":3}},"required":["name","age"]}""";

    private static readonly byte[]?[] Tokens =
    [
        .. Enumerable.Range(0, 256).Select(value => new[] { (byte)value }),
        .. new[] { "{\"", "\":", "\",\"", "\"}", "name", "age", "\": ", "12", "[]", "true", "\n  ", " \"", "é", "ab" }.Select(Encoding.UTF8.GetBytes),
        null,
    ];

    private static readonly TokenVocabulary Vocabulary = new(Tokens, Tokens.Length);

    [Theory, InlineData(0.0), InlineData(1.0)]
    public async Task A_completion_is_what_its_schema_says_whatever_the_model_wants(double temperature)
    {
        using var engine = NewEngine();
        for (int seed = 0; seed < 20; seed++)
        {
            var completion = (await engine.GenerateAsync(Request(Person, temperature, seed)))[0];
            Assert.Equal(FinishReason.Stop, completion.FinishReason);
            using var json = JsonDocument.Parse(Text(completion));
            Assert.InRange(json.RootElement.GetProperty("age").GetInt32(), 0, 120);
            Assert.InRange(json.RootElement.GetProperty("name").GetString()!.EnumerateRunes().Count(), 0, 12);
        }
    }

    [Fact]
    public async Task Choices_crowds_and_preemption_do_not_change_it()
    {
        const string digits = """{"type":"array","items":{"enum":[1,2,3,4,"ab",true]},"minItems":40,"maxItems":60}""";
        var alone = new List<string>();
        using (var engine = NewEngine())
            for (int seed = 0; seed < 6; seed++) alone.Add(string.Join('|', (await engine.GenerateAsync(Request(digits, 1, seed) with { Choices = 3 })).Select(Text)));
        // Few blocks for a crowd: sequences are preempted.
        using var crowded = NewEngine(blocks: 78);
        var automaton = Automaton(digits);
        var together = await Task.WhenAll(Enumerable.Range(0, 6).Select(async seed =>
            string.Join('|', (await crowded.GenerateAsync(Request(digits, 1, seed) with { Choices = 3, Grammar = automaton })).Select(Text))));
        Assert.Equal(alone, together);
        crowded.Dispose();
        Assert.True(crowded.Metrics.Preemptions > 0);
    }

    [Fact]
    public async Task Speculation_does_not_change_it()
    {
        using var plain = NewEngine(habit: 4);
        using var drafting = NewEngine(habit: 4, drafts: 4);
        const string words = """{"type":"array","items":{"enum":["ab","abab"]},"minItems":20,"maxItems":30}""";
        for (int seed = 0; seed < 5; seed++)
        {
            var (own, drafted) = (drafting.Submit(Request(words, 1, seed)), new List<TokenStep>());
            await foreach (var step in own) drafted.Add(step);
            Assert.Equal((await plain.GenerateAsync(Request(words, 1, seed)))[0].TokenIds, drafted.Select(step => step.TokenId!.Value));
        }
    }

    [Fact]
    public async Task A_prediction_does_not_change_it_even_where_it_goes_on_behind_the_end()
    {
        using var engine = NewEngine();
        for (int seed = 0; seed < 5; seed++)
        {
            var request = Request(Person, 1, seed);
            var plain = (await engine.GenerateAsync(request))[0];
            var predicted = (await engine.GenerateAsync(request with { PredictedTokenIds = [.. plain.TokenIds, End, '{', 3, 'x', 4, 5] }))[0];
            Assert.Equal(plain.FinishReason, predicted.FinishReason);
            Assert.Equal(plain.Steps.Select(step => (step.TokenId, step.Logprob, step.SamplingLogprob)), predicted.Steps.Select(step => (step.TokenId, step.Logprob, step.SamplingLogprob)));
        }
        engine.Dispose();
        Assert.True(engine.Metrics.Drafts.Accepted > 50, $"{engine.Metrics.Drafts}");
    }

    [Fact]
    public async Task The_raw_logprob_does_not_see_the_mask_and_the_sampling_logprob_does()
    {
        var model = new HistoryModel(vocabulary: Tokens.Length, blocks: 300);
        using var engine = new Engine(model, new() { EosTokenIds = [End] });
        var request = Request("""{"const":"x"}""", 1, 1);
        var completion = (await engine.GenerateAsync(request))[0];
        Assert.Equal("\"x\"", Text(completion).Trim());
        var tokens = request.PromptTokenIds.ToList();
        foreach (var step in completion.Steps)
        {
            Assert.Equal(model.Score(tokens, step.TokenId!.Value), step.Logprob);
            tokens.Add(step.TokenId.Value);
        }
        Assert.Equal(0, completion.Steps[^1].SamplingLogprob, 1e-6f); // only the end was left
        Assert.True(completion.Steps[^1].Logprob < -1);
    }

    [Fact]
    public async Task What_is_valid_without_the_mask_is_the_same_with_it()
    {
        // A prompt whose unmasked greedy answer is taken as the only string allowed.
        using var engine = NewEngine();
        var free = (await engine.GenerateAsync(Request(Person, 0, 1) with { Grammar = null, MaxTokens = 12, IgnoreEos = true }))[0];
        byte[] text = [.. free.TokenIds.SelectMany(id => Tokens[id] ?? [])];
        var builder = new GrammarBuilder();
        var grammar = builder.Build(builder.Add(new GrammarExpression.Repeat(new GrammarExpression.ByteRange(0, 255), text.Length, null)));
        var held = (await engine.GenerateAsync(Request(Person, 0, 1) with { Grammar = new(grammar, Vocabulary), MaxTokens = 12 }))[0];
        Assert.Equal(free.TokenIds, held.TokenIds);
        Assert.Equal(FinishReason.Length, held.FinishReason);
    }

    [Fact]
    public async Task The_end_waits_for_the_minimum_only_where_the_text_can_go_on()
    {
        using var engine = NewEngine();
        var number = (await engine.GenerateAsync(Request("""{"type":"integer","minimum":1}""", 0, 1) with { MinTokens = 5 }))[0];
        Assert.True(Text(number).Trim().Length >= 5, Text(number));
        var digit = (await engine.GenerateAsync(Request("""{"const":7}""", 0, 1) with { MinTokens = 50 }))[0];
        Assert.Equal((FinishReason.Stop, "7"), (digit.FinishReason, Text(digit).Trim()));
    }

    [Fact]
    public async Task A_text_that_the_vocabulary_cannot_finish_fails_alone_with_its_reason()
    {
        var few = new TokenVocabulary([.. Tokens.Select((bytes, id) => id == '}' || id == 259 ? null : bytes)], Tokens.Length);
        using var engine = NewEngine();
        var good = engine.GenerateAsync(Request(Person, 1, 3));
        var bad = (await engine.GenerateAsync(Request(Person, 1, 3) with { Grammar = new(JsonSchemaGrammar.Compile("""{"maxProperties":0}"""), few) }))[0];
        Assert.Equal(FinishReason.Error, bad.FinishReason);
        Assert.Contains("vocabulary", bad.Steps[^1].Fault);
        Assert.Equal(FinishReason.Stop, (await good)[0].FinishReason);
    }

    [Fact]
    public void A_grammar_needs_an_end_and_the_models_vocabulary()
    {
        using var engine = NewEngine();
        Assert.Contains("ignore_eos", Assert.Throws<GenerationException>(() => engine.Submit(Request(Person, 0, 1) with { IgnoreEos = true })).Message);
        var other = new TokenVocabulary([[65]], 7);
        Assert.Contains("7 tokens", Assert.Throws<GenerationException>(() => engine.Submit(Request(Person, 0, 1) with { Grammar = new(JsonSchemaGrammar.Compile("true"), other) })).Message);
    }

    private static Engine NewEngine(int blocks = 600, float habit = 0, int drafts = 0) =>
        new(new HistoryModel(vocabulary: Tokens.Length, blocks: blocks, habit: habit), new() { EosTokenIds = [End], NgramDrafts = drafts });

    private static TokenAutomaton Automaton(string schema) => new(JsonSchemaGrammar.Compile(schema), Vocabulary);

    private static GenerationOptions Request(string schema, double temperature, int seed) => new()
    {
        PromptTokenIds = StepLoop.Prompt(9, seed),
        MaxTokens = 300,
        Grammar = Automaton(schema),
        Sampling = new() { Temperature = temperature, Seed = (ulong)seed },
    };

    private static string Text(Completion completion) => Encoding.UTF8.GetString([.. completion.TokenIds.SelectMany(id => Tokens[id] ?? [])]);
}
