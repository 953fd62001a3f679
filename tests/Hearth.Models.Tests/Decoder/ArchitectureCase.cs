using System.Text.Json;
using Hearth.Numerics;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>One folder of the architecture fixtures.</summary>
internal sealed class ArchitectureCase : IDisposable
{
    private const string Family = "architectures";

    /// <summary>Families that have fixtures but no implementation yet; any other folder with a decoder's case.json is a test case.</summary>
    private static readonly HashSet<string> NotSupportedYet = new(StringComparer.Ordinal)
    {
        "deepseek_v2", "deepseek_v3", "gemma", "gemma2", "gemma3_text", "glm4", "glm4_moe", "gpt_oss", "granite", "llama4_text", "mixtral", "olmo2",
        "phi3", "qwen2_moe", "qwen3_next", "smollm3", "bert", "xlm-roberta", "qwen2_vl", "qwen2_5_vl", "qwen3_vl",
    };

    private readonly JsonDocument _case;
    private readonly SafetensorsFile _expected;

    public ArchitectureCase(string name)
    {
        Folder = Path.Combine(FixtureFolder.Find(Family), name);
        _case = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "case.json")));
        _expected = SafetensorsFile.Open(Path.Combine(Folder, "expected.safetensors"));
    }

    public string Folder { get; }

    public int HiddenPrompt => _case.RootElement.GetProperty("hidden_prompt").GetInt32();

    public static TheoryData<string> Names() => new(Supported());

    /// <summary>Cases whose folder holds adapters: (case, adapter).</summary>
    public static TheoryData<string, string> Adapters()
    {
        var data = new TheoryData<string, string>();
        foreach (var name in Supported())
            foreach (var file in Directory.GetFiles(Path.Combine(FixtureFolder.Find(Family), name), "*-case.json").Order(StringComparer.Ordinal))
                data.Add(name, Path.GetFileName(file)[..^"-case.json".Length]);
        return data;
    }

    /// <summary>Cases with gradients of all weights.</summary>
    public static TheoryData<string> FullGradients() =>
        new(Supported().Where(name => File.Exists(Path.Combine(FixtureFolder.Find(Family), name, "gradients.json"))));

    private static IEnumerable<string> Supported() => FixtureFolder.Cases(Family).Where(name =>
    {
        string config = Path.Combine(FixtureFolder.Find(Family), name, "config.json");
        return File.Exists(config) && !NotSupportedYet.Contains(JsonDocument.Parse(File.ReadAllText(config)).RootElement.GetProperty("model_type").GetString()!);
    });

    public IEnumerable<Prompt> Prompts() => PromptsOf(_case.RootElement);

    public static IEnumerable<Prompt> PromptsOf(JsonElement root) => root.GetProperty("prompts").EnumerateArray().Select((prompt, index) => new Prompt(
        index,
        Ints(prompt.GetProperty("ids")),
        Ints(prompt.GetProperty("greedy").GetProperty("ids")),
        [.. prompt.GetProperty("greedy").GetProperty("logprobs").EnumerateArray().Select(value => value.GetDouble())]));

    public float[] Expected(string name) => _expected.Get(name).ToFloat32();

    public static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetInt32())];

    public void Dispose()
    {
        _case.Dispose();
        _expected.Dispose();
    }

    internal sealed record Prompt(int Index, int[] Ids, int[] Greedy, double[] Logprobs);
}

/// <summary>One sequence through a model, in one pass or token by token.</summary>
internal sealed class SingleSequence(TransformerModel model, ComputePool pool, AdapterWeights? adapter = null) : IDisposable
{
    private const int MaxTestPositions = 1024;
    private readonly Arena _arena = new();
    private readonly KvCache _cache = new(model.Configuration, (Math.Min(model.Configuration.MaxPositions, MaxTestPositions) + 63) / 64);

    public int Position { get; private set; }

    /// <summary>Logits of all new rows, [T, V].</summary>
    public float[] Append(ReadOnlySpan<int> ids)
    {
        var logits = new float[ids.Length * model.Configuration.VocabularySize];
        model.Forward(pool, _arena, Batch(ids), _cache, logits);
        Position += ids.Length;
        return logits;
    }

    public float[][] HiddenStates(ReadOnlySpan<int> ids) => model.ComputeHiddenStates(pool, _arena, Batch(ids), _cache);

    private ForwardBatch Batch(ReadOnlySpan<int> ids)
    {
        int position = Position, count = ids.Length;
        return new ForwardBatch
        {
            TokenIds = ids.ToArray(),
            Positions = [.. Enumerable.Range(position, count)],
            Segments = [new AttentionSegment(0, count, position, 0)],
            BlockTable = [.. Enumerable.Range(0, _cache.Blocks)],
            Adapters = [adapter],
            LogitRows = [.. Enumerable.Range(0, count)],
        };
    }

    public void Dispose()
    {
        _arena.Dispose();
        _cache.Dispose();
    }
}
