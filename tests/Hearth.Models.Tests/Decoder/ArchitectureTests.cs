using System.Text.Json;
using Hearth.Numerics;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>Values of transformers and PEFT on tiny random models; tolerances are those of the fixtures' README.</summary>
[Trait("Category", "Fixtures")]
public sealed class ArchitectureTests : IDisposable
{
    private const double ValueTolerance = 1e-4;
    private const double GradientTolerance = 3e-4;
    private const double LossTolerance = 1e-5;
    private const double LogprobTolerance = 2e-3;

    private readonly ComputePool _pool = new(2);

    public static TheoryData<string> Names => ArchitectureCase.Names();
    public static TheoryData<string, string> Adapters => ArchitectureCase.Adapters();
    public static TheoryData<string> FullGradients => ArchitectureCase.FullGradients();

    [Theory, MemberData(nameof(Names))]
    public void Logits_equal_the_reference(string name)
    {
        using var fixture = new ArchitectureCase(name);
        using var files = ModelFiles.Open(fixture.Folder);
        using var model = TransformerModel.Load(files);
        foreach (var prompt in fixture.Prompts())
        {
            using var sequence = new SingleSequence(model, _pool);
            TensorComparison.RequireClose($"{name} prompt {prompt.Index}", fixture.Expected($"prompt{prompt.Index}.logits"), sequence.Append(prompt.Ids), ValueTolerance);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Hidden_states_of_every_layer_equal_the_reference(string name)
    {
        using var fixture = new ArchitectureCase(name);
        using var files = ModelFiles.Open(fixture.Folder);
        using var model = TransformerModel.Load(files);
        var prompt = fixture.Prompts().ElementAt(fixture.HiddenPrompt);
        using var sequence = new SingleSequence(model, _pool);
        var states = sequence.HiddenStates(prompt.Ids);
        for (int i = 0; i < states.Length - 1; i++)
            TensorComparison.RequireClose($"{name} hidden {i}", fixture.Expected($"prompt{prompt.Index}.hidden.{i}"), states[i], ValueTolerance);
        TensorComparison.RequireClose($"{name} final norm", fixture.Expected($"prompt{prompt.Index}.final_norm"), states[^1], ValueTolerance);
    }

    [Theory, MemberData(nameof(Names))]
    public void Greedy_continuations_equal_the_reference_token_for_token(string name)
    {
        using var fixture = new ArchitectureCase(name);
        using var files = ModelFiles.Open(fixture.Folder);
        using var model = TransformerModel.Load(files);
        foreach (var prompt in fixture.Prompts()) RequireGreedy(model, null, prompt, $"{name} prompt {prompt.Index}");
    }

    [Theory, MemberData(nameof(Adapters))]
    public void Logits_and_continuations_with_an_adapter_equal_the_reference(string name, string adapterName)
    {
        using var fixture = new ArchitectureCase(name);
        using var files = ModelFiles.Open(fixture.Folder);
        using var model = TransformerModel.Load(files);
        using var adapter = AdapterWeights.Load(Path.Combine(fixture.Folder, adapterName), files.Configuration);
        using var expected = SafetensorsFile.Open(Path.Combine(fixture.Folder, $"{adapterName}-expected.safetensors"));
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(fixture.Folder, $"{adapterName}-case.json")));
        foreach (var prompt in ArchitectureCase.PromptsOf(json.RootElement))
        {
            using var sequence = new SingleSequence(model, _pool, adapter);
            TensorComparison.RequireClose($"{name}/{adapterName} prompt {prompt.Index}", expected.Get($"prompt{prompt.Index}.logits").ToFloat32(), sequence.Append(prompt.Ids), ValueTolerance);
            RequireGreedy(model, adapter, prompt, $"{name}/{adapterName} prompt {prompt.Index}");
        }
    }

    [Theory, MemberData(nameof(Adapters))]
    public void Adapter_gradients_equal_the_reference(string name, string adapterName)
    {
        using var fixture = new ArchitectureCase(name);
        using var files = ModelFiles.Open(fixture.Folder);
        using var model = TransformerModel.Load(files);
        using var adapter = LoraAdapter.Load(Path.Combine(fixture.Folder, adapterName), files.Configuration);
        using var expected = SafetensorsFile.Open(Path.Combine(fixture.Folder, $"{adapterName}-expected.safetensors"));
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(fixture.Folder, $"{adapterName}-case.json")));
        RequireGradients(model, adapter, json.RootElement.GetProperty("train"), expected, $"{name}/{adapterName}");
    }

    [Theory, MemberData(nameof(FullGradients))]
    public void Gradients_of_all_weights_equal_the_reference(string name)
    {
        using var fixture = new ArchitectureCase(name);
        using var files = ModelFiles.Open(fixture.Folder);
        using var model = TransformerModel.LoadTrainable(files);
        using var expected = SafetensorsFile.Open(Path.Combine(fixture.Folder, "gradients.safetensors"));
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(fixture.Folder, "gradients.json")));
        var train = json.RootElement.TryGetProperty("train", out var inner) ? inner : json.RootElement;
        RequireGradients(model, null, train, expected, name);
    }

    private void RequireGreedy(TransformerModel model, AdapterWeights? adapter, ArchitectureCase.Prompt prompt, string what)
    {
        int vocabulary = model.Configuration.VocabularySize;
        using var sequence = new SingleSequence(model, _pool, adapter);
        var logits = sequence.Append(prompt.Ids).AsSpan()[^vocabulary..].ToArray();
        for (int i = 0; i < prompt.Greedy.Length; i++)
        {
            int best = 0;
            for (int id = 1; id < vocabulary; id++) if (logits[id] > logits[best]) best = id;
            Assert.True(best == prompt.Greedy[i], $"{what}: token {i} is {best}, expected {prompt.Greedy[i]}.");
            double max = logits[best], sum = logits.Sum(value => Math.Exp(value - max));
            Assert.Equal(prompt.Logprobs[i], -Math.Log(sum), LogprobTolerance);
            logits = sequence.Append([best]);
        }
    }

    private void RequireGradients(TransformerModel model, LoraAdapter? adapter, JsonElement train, SafetensorsFile expected, string what)
    {
        var batch = Batch(train, oneLeaf: adapter is null, out int labels);
        using var pass = new TrainingPass(model, adapter, _pool);
        var leaves = batch.Leaves.Select(_ => new ParameterGradients(pass.Parameters)).ToArray();
        double loss = pass.Run(batch, new float[batch.Rows], leaves);
        Assert.Equal(labels, batch.Weights.Count(weight => weight != 0));
        float expectedLoss = expected.Get("loss").ToFloat32()[0];
        Assert.True(Math.Abs(loss - expectedLoss) <= LossTolerance * Math.Abs(expectedLoss), $"{what}: loss {loss}, expected {expectedLoss}.");
        foreach (var parameter in pass.Parameters.All)
        {
            var sum = new float[parameter.Length];
            foreach (var leaf in leaves)
                for (int i = 0; i < sum.Length; i++) sum[i] += leaf.Of(parameter).Span[i];
            TensorComparison.RequireClose($"{what} grad {parameter.Name}", ExpectedGradient.Of(expected, parameter), sum, GradientTolerance);
        }
        foreach (var leaf in leaves) leaf.Dispose();
    }

    // The loss is the sum over both sequences divided by the number of labels that count; row t predicts token t + 1.
    private static TrainingBatch Batch(JsonElement train, bool oneLeaf, out int count)
    {
        var ids = train.GetProperty("ids").EnumerateArray().Select(ArchitectureCase.Ints).ToArray();
        var labels = train.GetProperty("labels").EnumerateArray().Select(ArchitectureCase.Ints).ToArray();
        int trained = labels.Sum(row => row.Skip(1).Count(label => label != -100));
        var (tokens, positions, targets, weights, segments) = (new List<int>(), new List<int>(), new List<int>(), new List<float>(), new List<(int, int)>());
        for (int s = 0; s < ids.Length; s++)
        {
            segments.Add((tokens.Count, ids[s].Length - 1));
            for (int t = 0; t + 1 < ids[s].Length; t++)
            {
                tokens.Add(ids[s][t]);
                positions.Add(t);
                targets.Add(Math.Max(labels[s][t + 1], 0));
                weights.Add(labels[s][t + 1] == -100 ? 0 : 1f / trained);
            }
        }
        count = trained;
        return new TrainingBatch
        {
            TokenIds = [.. tokens],
            Positions = [.. positions],
            Targets = [.. targets],
            Weights = [.. weights],
            Segments = [.. segments],
            Leaves = oneLeaf ? [(0, tokens.Count)] : [.. segments],
        };
    }

    public void Dispose() => _pool.Dispose();
}
