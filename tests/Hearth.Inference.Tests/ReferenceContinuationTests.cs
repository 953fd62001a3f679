namespace Hearth.Inference.Tests;

/// <summary>The engine continues the prompts of the architecture fixtures as transformers does, all prompts of a model in one batch.</summary>
[Trait("Category", "Fixtures")]
public sealed class ReferenceContinuationTests
{
    private const double LogprobTolerance = 2e-3; // the fixtures' README

    public static TheoryData<string> Names => new(FixtureModel.Names());

    public static TheoryData<string, string> Adapters
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string name in FixtureModel.Names())
                foreach (string file in Directory.GetFiles(FixtureModel.Folder(name), "*-case.json").Order(StringComparer.Ordinal))
                    data.Add(name, Path.GetFileName(file)[..^"-case.json".Length]);
            return data;
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Greedy_continuations_equal_the_reference_token_for_token(string name)
    {
        using var engine = new Engine(FixtureModel.Load(name, new() { CacheTokens = 1024, Threads = 2 }));
        await RequireAll(engine, null, Path.Combine(FixtureModel.Folder(name), "case.json"));
    }

    [Theory, MemberData(nameof(Adapters))]
    public async Task Base_and_adapter_answer_as_the_reference_in_one_batch(string name, string adapter)
    {
        var runner = FixtureModel.Load(name, new() { CacheTokens = 2048, Threads = 2 });
        var addon = Addon.Load(adapter, Path.Combine(FixtureModel.Folder(name), adapter), runner.Configuration);
        using var engine = new Engine(runner);
        await Task.WhenAll(
            RequireAll(engine, addon, Path.Combine(FixtureModel.Folder(name), adapter + "-case.json")),
            RequireAll(engine, null, Path.Combine(FixtureModel.Folder(name), "case.json")));
        addon.Release();
        var refused = Assert.Throws<GenerationException>(() => engine.Submit(new() { PromptTokenIds = [1], Addon = addon }));
        Assert.Contains("unloaded", refused.Message);
    }

    private static async Task RequireAll(Engine engine, Addon? addon, string caseFile) =>
        await Task.WhenAll(FixtureModel.Prompts(caseFile).Select(async prompt =>
        {
            var completion = (await engine.GenerateAsync(new()
            {
                PromptTokenIds = prompt.Ids,
                Addon = addon,
                MaxTokens = prompt.Greedy.Length,
                Sampling = SamplingOptions.Greedy,
            }))[0];
            Assert.Equal(prompt.Greedy, completion.TokenIds);
            for (int i = 0; i < prompt.Greedy.Length; i++) Assert.Equal(prompt.Logprobs[i], completion.Steps[i].Logprob, LogprobTolerance);
        }));
}
