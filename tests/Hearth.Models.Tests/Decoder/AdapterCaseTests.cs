using System.Text.Json;
using Hearth.Numerics;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>Every adapter that PEFT made for training/adapters: PEFT's own logits, or a refusal that names the reason.</summary>
[Trait("Category", "Fixtures")]
public sealed class AdapterCaseTests : IDisposable
{
    private const double Tolerance = 1e-4; // the fixture's README

    /// <summary>Cases that a product may refuse by name, with a word of the reason.</summary>
    private static readonly Dictionary<string, string> Refused = new(StringComparer.Ordinal) { ["dora"] = "use_dora", ["pickle-bin"] = "pickle" };

    private static readonly string? Folder = FixtureFolder.TryFind("training/adapters");
    private readonly ComputePool _pool = new(2);

    public static TheoryData<string> Valid() => Names("valid");

    [Theory, MemberData(nameof(Valid))]
    public void An_adapter_gives_pefts_logits_or_is_refused_by_name(string name)
    {
        Assert.SkipWhen(name == "", "The training fixtures are not here (HEARTH_FIXTURES or ../shared/fixtures).");
        var entry = Case(name);
        using var files = ModelFiles.Open(Path.Combine(FixtureFolder.Find("training/models"), entry.GetProperty("model").GetString()!));
        if (Refused.TryGetValue(name, out var reason))
        {
            Assert.Contains(reason, Assert.Throws<NotSupportedException>(() => Load(name, files)).Message, StringComparison.Ordinal);
            return;
        }
        using var model = TransformerModel.Load(files);
        using var adapter = Load(name, files);
        using var withCopies = AdapterWeights.Load(Path.Combine(Folder!, name), files.Configuration); // keeps the copies of the base model's tables
        using var expected = SafetensorsFile.Open(Path.Combine(Folder!, "expected.safetensors"));
        int[] prompt = [.. entry.GetProperty("prompt").EnumerateArray().Select(id => id.GetInt32())];
        var want = expected.Get(name + ".logits").ToFloat32();
        var logits = Logits(model, adapter, prompt);
        TensorComparison.RequireClose(name, want, logits, Tolerance);
        Assert.Equal(logits, Logits(model, withCopies, prompt));
        TensorComparison.RequireClose("base", expected.Get($"base.{entry.GetProperty("model").GetString()}.logits").ToFloat32(), Logits(model, [null], prompt), Tolerance);
    }

    public static TheoryData<string> Served() => Folder is null ? [""] : new(Valid().Select(row => row.Data).Where(name => !Refused.ContainsKey(name)));

    [Theory, MemberData(nameof(Served))]
    public void Neighbours_in_the_batch_change_no_bit_of_it(string name)
    {
        Assert.SkipWhen(name == "", "The training fixtures are not here (HEARTH_FIXTURES or ../shared/fixtures).");
        var entry = Case(name);
        using var files = ModelFiles.Open(Path.Combine(FixtureFolder.Find("training/models"), entry.GetProperty("model").GetString()!));
        using var model = TransformerModel.Load(files);
        using var adapter = Load(name, files);
        int[] prompt = [.. entry.GetProperty("prompt").EnumerateArray().Select(id => id.GetInt32())];
        float[] alone = Logits(model, adapter, prompt), bare = Logits(model, [null], prompt);
        var together = Logits(model, [adapter, null, adapter, null], prompt);
        Assert.Equal([.. alone, .. bare, .. alone, .. bare], together);
    }

    [Fact]
    public void The_same_content_has_the_same_hash_and_another_scale_has_another_one()
    {
        Assert.SkipWhen(Folder is null, "The training fixtures are not here (HEARTH_FIXTURES or ../shared/fixtures).");
        using var files = ModelFiles.Open(Path.Combine(FixtureFolder.Find("training/models"), "tiny-llama"));
        var content = AdapterFiles.Load(Path.Combine(Folder, "plain"), files.Configuration).Content;
        var hash = content.ComputeHash();
        Assert.Equal(hash, AdapterFiles.Load(Path.Combine(Folder, "plain"), files.Configuration).Content.ComputeHash());
        Assert.NotEqual(hash, (content with { Modules = [content.Modules[0] with { Scale = 0.25f }, .. content.Modules.Skip(1)] }).ComputeHash());
        Assert.NotEqual(hash, (content with { Modules = [.. content.Modules.Skip(1)] }).ComputeHash());
    }

    public void Dispose() => _pool.Dispose();

    private float[] Logits(TransformerModel model, AdapterWeights? adapter, int[] prompt) => Logits(model, [adapter], prompt);

    // The prompt once for each adapter, side by side.
    private float[] Logits(TransformerModel model, AdapterWeights?[] adapters, int[] prompt)
    {
        using var arena = new Arena();
        using var cache = new KvCache(model.Configuration, adapters.Length);
        int count = prompt.Length;
        var batch = new ForwardBatch
        {
            TokenIds = [.. adapters.SelectMany(_ => prompt)],
            Positions = [.. adapters.SelectMany(_ => Enumerable.Range(0, count))],
            Segments = [.. adapters.Select((_, i) => new AttentionSegment(i * count, count, 0, i))],
            BlockTable = [.. Enumerable.Range(0, adapters.Length)],
            Adapters = adapters,
            LogitRows = [.. Enumerable.Range(0, adapters.Length * count)],
        };
        var logits = new float[batch.Rows * model.Configuration.VocabularySize];
        model.Forward(_pool, arena, batch, cache, logits);
        return logits;
    }

    private static AdapterWeights Load(string name, ModelFiles files) => AdapterWeights.Load(Path.Combine(Folder!, name), files.Configuration, files);

    private static JsonElement Case(string name)
    {
        using var cases = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder!, "cases.json")));
        return cases.RootElement.GetProperty("valid").EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == name).Clone();
    }

    private static TheoryData<string> Names(string kind)
    {
        if (Folder is null) return [""];
        using var cases = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "cases.json")));
        return new(cases.RootElement.GetProperty(kind).EnumerateArray().Select(entry => entry.GetProperty("name").GetString()!));
    }
}
