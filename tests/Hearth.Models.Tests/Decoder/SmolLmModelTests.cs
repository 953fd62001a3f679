using System.Text.Json;
using Hearth.Numerics;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>A real model, its Q4_1 GGUF file, against transformers' float32 values; tolerances are those of the model's README.</summary>
[Trait("Category", "Fixtures")]
public sealed class SmolLmModelTests : IDisposable
{
    private const string Name = "SmolLM2-135M-Instruct";
    private const double Tolerance = 2e-5;

    private readonly ComputePool _pool = new(2);
    private readonly string? _folder = FixtureFolder.TryFindModel(Name);

    [Fact]
    public void Logits_and_greedy_continuations_equal_the_reference()
    {
        Assert.SkipWhen(_folder is null, "the model is not in the repository");
        using var files = ModelFiles.Open(_folder!);
        using var model = TransformerModel.Load(files);
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder!, "reference", "prompts.json")));
        foreach (var prompt in Prompts(document.RootElement)) RequirePrompt(model, prompt);
    }

    [Fact]
    public void Hidden_states_of_every_layer_equal_the_reference()
    {
        Assert.SkipWhen(_folder is null, "the model is not in the repository");
        using var files = ModelFiles.Open(_folder!);
        using var model = TransformerModel.Load(files);
        using var expected = SafetensorsFile.Open(Path.Combine(_folder!, "reference", "hidden.safetensors"));
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder!, "reference", "prompts.json")));
        var prompt = Prompts(document.RootElement).First(prompt => prompt.GetProperty("name").GetString() == "capital");
        using var sequence = new SingleSequence(model, _pool);
        var states = sequence.HiddenStates(ArchitectureCase.Ints(prompt.GetProperty("ids")));
        // hidden.30 is not stored: the last block's output is only there after the final norm.
        for (int i = 0; i < states.Length - 2; i++)
            TensorComparison.RequireClose($"hidden {i}", expected.Get($"hidden.{i}").ToFloat32(), states[i], Tolerance);
        TensorComparison.RequireClose("final norm", expected.Get("hidden.final").ToFloat32(), states[^1], Tolerance);
    }

    private void RequirePrompt(TransformerModel model, JsonElement prompt)
    {
        int vocabulary = model.Configuration.VocabularySize;
        using var sequence = new SingleSequence(model, _pool);
        var last = sequence.Append(ArchitectureCase.Ints(prompt.GetProperty("ids"))).AsSpan()[^vocabulary..].ToArray();
        float largest = last.Max(MathF.Abs);
        foreach (var best in prompt.GetProperty("top20").EnumerateArray())
        {
            int id = best.GetProperty("id").GetInt32();
            double expected = best.GetProperty("logit").GetDouble();
            Assert.True(Math.Abs(last[id] - expected) <= Tolerance * largest, $"logit of {id} is {last[id]}, expected {expected}");
        }
        var (max, logSum) = Kernels.LogSumExpRow(last);
        Assert.Equal(prompt.GetProperty("logsumexp").GetDouble(), max + logSum, Tolerance * largest);
        foreach (int expected in ArchitectureCase.Ints(prompt.GetProperty("greedy_ids")))
        {
            int best = 0;
            for (int id = 1; id < vocabulary; id++) if (last[id] > last[best]) best = id;
            Assert.Equal(expected, best);
            last = sequence.Append([best]);
        }
    }

    private static IEnumerable<JsonElement> Prompts(JsonElement root) =>
        (root.ValueKind == JsonValueKind.Array ? root : root.GetProperty("prompts")).EnumerateArray();

    public void Dispose() => _pool.Dispose();
}
