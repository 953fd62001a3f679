using System.Text.Json;
using Hearth.Models;
using Hearth.TestKit;
using Hearth.Tokenization;

namespace Hearth.Inference.Tests;

/// <summary>SmolLM2-135M-Instruct (Q4_1) through the engine, against transformers' float32 values; tolerances are those of the model's README.</summary>
[Trait("Category", "Fixtures")]
public sealed class RealModelTests
{
    private const string Name = "SmolLM2-135M-Instruct";
    private const double NllTolerance = 1e-5; // relative
    private const int Rows = 3; // of the 30 that the reference has: about 300 tokens

    private readonly string? _folder = FixtureFolder.TryFindModel(Name);

    [Fact]
    public async Task All_prompts_continue_as_the_reference_in_one_batch()
    {
        Assert.SkipWhen(_folder is null, "the model is not in the repository");
        using var engine = Load();
        using var document = Open("prompts.json");
        var prompts = document.RootElement.GetProperty("prompts").EnumerateArray().ToArray();
        var answers = await Task.WhenAll(prompts.Select(prompt => engine.GenerateAsync(new()
        {
            PromptTokenIds = Ints(prompt.GetProperty("ids")),
            MaxTokens = prompt.GetProperty("greedy_ids").GetArrayLength(),
            Sampling = SamplingOptions.Greedy,
        })));
        for (int i = 0; i < prompts.Length; i++) Assert.Equal(Ints(prompts[i].GetProperty("greedy_ids")), answers[i][0].TokenIds);
    }

    [Fact]
    public async Task Prompt_logprobs_give_the_reference_loss_of_GSM8K_rows()
    {
        string? data = _folder is null ? null : Path.GetFullPath(Path.Combine(_folder, "..", "..", "data", "gsm8k", "test.jsonl"));
        Assert.SkipWhen(data is null || !File.Exists(data), "the model and the dataset are not in the repository");
        var tokenizer = Tokenizer.Load(Path.Combine(_folder!, "tokenizer.json"));
        using var engine = Load();
        using var document = Open("perplexity.json");
        var expected = document.RootElement.GetProperty("rows").EnumerateArray().Take(Rows).ToArray();
        var lines = File.ReadLines(data!).Take(Rows).ToArray();
        await Task.WhenAll(expected.Select(async (row, i) =>
        {
            using var line = JsonDocument.Parse(lines[row.GetProperty("row").GetInt32()]);
            int[] ids = tokenizer.Encode($"Question: {line.RootElement.GetProperty("question").GetString()}\nAnswer: {line.RootElement.GetProperty("answer").GetString()}");
            Assert.Equal(row.GetProperty("tokens").GetInt32(), ids.Length);
            var prompt = await engine.Submit(new() { PromptTokenIds = ids, MaxTokens = 0, PromptLogprobs = true }).PromptTokens;
            double nll = -prompt.Sum(token => (double)(token.Logprob ?? 0)), want = row.GetProperty("nll_sum").GetDouble();
            Assert.InRange(nll, want * (1 - NllTolerance), want * (1 + NllTolerance));
        }));
    }

    private Engine Load()
    {
        using var files = ModelFiles.Open(_folder!);
        return new Engine(ModelRunner.Load(files, new() { CacheTokens = 2048, Threads = 2 }), new() { Scheduler = new() { TokenBudget = 128, MaxSequences = 8, LogitRows = 64 } });
    }

    private JsonDocument Open(string file) => JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder!, "reference", file)));

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];
}
