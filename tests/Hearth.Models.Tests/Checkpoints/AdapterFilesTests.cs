using System.Text.Json;
using System.Text.Json.Nodes;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>PEFT adapters: read as PEFT reads them, refused where it would load them half.</summary>
public sealed class AdapterFilesTests : IDisposable
{
    /// <summary>Valid cases that are refused, with a word of the reason: they must not be loaded wrongly.</summary>
    private static readonly Dictionary<string, string> Refused = new(StringComparer.Ordinal)
    {
        ["dora"] = "use_dora",
        ["pickle-bin"] = "pickle",
    };

    private const string Absent = "The training fixtures are not here (HEARTH_FIXTURES or ../shared/fixtures).";
    private static readonly string? Adapters = FixtureFolder.TryFind("training/adapters");
    private readonly string _folder = Directory.CreateTempSubdirectory("hearth-adapters-").FullName;

    public static TheoryData<string> Valid() => Names("valid");

    public static TheoryData<string> Invalid() => Names("invalid");

    /// <summary>(model, adapter) of the architecture fixtures.</summary>
    public static TheoryData<string, string> WithModels()
    {
        var data = new TheoryData<string, string>();
        foreach (var name in FixtureFolder.Cases("architectures"))
            foreach (var folder in Directory.GetDirectories(Path.Combine(FixtureFolder.Find("architectures"), name), "adapter*").Order(StringComparer.Ordinal)) data.Add(name, Path.GetFileName(folder));
        return data;
    }

    [Theory, MemberData(nameof(Valid)), Trait("Category", "Fixtures")]
    public void A_valid_adapter_has_the_expected_tensors_or_is_refused_by_name(string name)
    {
        Assert.SkipWhen(name == "", Absent);
        var entry = Case("valid", name);
        using var model = Model(entry.GetProperty("model").GetString()!);
        if (Refused.TryGetValue(name, out var reason))
        {
            Assert.Contains(reason, Assert.Throws<NotSupportedException>(() => Load(name, model)).Message, StringComparison.Ordinal);
            return;
        }
        var adapter = Load(name, model);
        var expected = entry.GetProperty("tensors").EnumerateObject().Where(tensor => tensor.Name.EndsWith(".lora_A.weight", StringComparison.Ordinal) || tensor.Name.EndsWith(".lora_B.weight", StringComparison.Ordinal)).ToList();
        Assert.Equal(expected.Count, 2 * adapter.Modules.Count);
        foreach (var module in adapter.Modules)
        {
            Assert.Equal($"[{module.Rank}, {module.Inputs}]", Shape(expected, module.Path + ".lora_A.weight"));
            Assert.Equal($"[{module.Outputs}, {module.Rank}]", Shape(expected, module.Path + ".lora_B.weight"));
        }
    }

    [Theory, MemberData(nameof(Invalid)), Trait("Category", "Fixtures")]
    public void A_broken_adapter_is_refused(string name)
    {
        Assert.SkipWhen(name == "", Absent);
        using var model = Model("tiny-llama");
        var fault = Record.Exception(() => Load("invalid/" + name, model));
        Assert.True(fault is InvalidDataException or NotSupportedException or FileNotFoundException, fault?.ToString() ?? "it was accepted");
    }

    [Theory]
    [InlineData("rslora", "model.layers.0.self_attn.q_proj")]
    [InlineData("rslora-rank-pattern", "model.layers.0.mlp.gate_proj")]
    [InlineData("rank-alpha-pattern", "model.layers.0.self_attn.o_proj")]
    [InlineData("rank-alpha-pattern", "model.layers.1.mlp.down_proj")]
    [Trait("Category", "Fixtures")]
    public void A_scale_is_alpha_over_the_modules_own_rank(string name, string path)
    {
        Assert.SkipWhen(Adapters is null, Absent);
        using var model = Model("tiny-llama");
        var scale = Load(name, model).Modules.Single(module => module.Path == path).Scale;
        var expected = (name, path.Split('.')[^1]) switch // from the adapter_config.json of each case
        {
            ("rslora", _) => RankStabilised(name, model),
            ("rslora-rank-pattern", _) => 8 / Math.Sqrt(9),
            (_, "o_proj") => 1 / 4.0,
            _ => 8 / 16.0,
        };
        Assert.Equal((float)expected, scale);
    }

    [Theory, MemberData(nameof(WithModels)), Trait("Category", "Fixtures")]
    public void Rank_and_scale_of_an_adapter_beside_its_model_are_as_told(string name, string adapterName)
    {
        var folder = Path.Combine(FixtureFolder.Find("architectures"), name);
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, adapterName + "-case.json")));
        using var model = ModelFiles.Open(folder);
        var adapter = AdapterFiles.Load(Path.Combine(folder, adapterName), model.Configuration, name);
        Assert.NotEmpty(adapter.Modules);
        Assert.All(adapter.Modules, module => Assert.Equal(expected.RootElement.GetProperty("r").GetInt32(), module.Rank));
        Assert.All(adapter.Modules, module => Assert.Equal((float)expected.RootElement.GetProperty("scale").GetDouble(), module.Scale));
    }

    [Theory, MemberData(nameof(WithModels)), Trait("Category", "Fixtures")]
    public void Saving_writes_pefts_own_weights_file_and_loads_again(string name, string adapterName)
    {
        var folder = Path.Combine(FixtureFolder.Find("architectures"), name);
        using var model = ModelFiles.Open(folder);
        var adapter = AdapterFiles.Load(Path.Combine(folder, adapterName), model.Configuration);
        var target = Path.Combine(_folder, "saved");
        AdapterFiles.Save(target, adapter.Configuration, adapter.Modules.Reverse());
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, adapterName, "adapter_model.safetensors")), File.ReadAllBytes(Path.Combine(target, "adapter_model.safetensors")));
        var first = File.ReadAllBytes(Path.Combine(target, "adapter_config.json"));
        var again = AdapterFiles.Load(target, model.Configuration, name);
        AdapterFiles.Save(target, again.Configuration, again.Modules, new Dictionary<string, string> { ["hearth"] = "x" });
        Assert.Equal(first, File.ReadAllBytes(Path.Combine(target, "adapter_config.json")));
        Assert.Equal("x", AdapterFiles.Load(target, model.Configuration).Metadata["hearth"]);
        Assert.Single(Directory.GetFileSystemEntries(_folder));
    }

    // Starts from a sound adapter and changes its configuration.
    [Theory, Trait("Category", "Fixtures")]
    [InlineData("""{"use_dora": true}""", "use_dora")]
    [InlineData("""{"bias": "some"}""", "bias")]
    [InlineData("""{"modules_to_save": ["lm_head"]}""", "modules_to_save")] // tied
    [InlineData("""{"modules_to_save": ["norm"]}""", "modules_to_save")]
    [InlineData("""{"trainable_token_indices": {"lm_head": [1]}}""", "trainable_token_indices")]
    [InlineData("""{"lora_bias": true}""", "lora_B.bias")]
    [InlineData("""{"fan_in_fan_out": true}""", "fan_in_fan_out")]
    [InlineData("""{"init_lora_weights": "pissa"}""", "init_lora_weights")]
    [InlineData("""{"peft_type": "IA3"}""", "peft_type")]
    [InlineData("""{"something_new": 3}""", "something_new")]
    [InlineData("""{"target_modules": ["q_proj", "v_proj", "down_proj", "embed_tokens"]}""", "embed_tokens")]
    [InlineData("""{"target_modules": ["q_proj", "v_proj", "down_proj", "c_attn"]}""", "c_attn")]
    [InlineData("""{"target_modules": ["q_proj", "v_proj", "down_proj", "o_proj"]}""", "o_proj.lora_A")]   // a target without tensors
    [InlineData("""{"target_modules": ["q_proj", "v_proj"]}""", "down_proj.lora_A")]                       // tensors without a target
    [InlineData("""{"target_modules": "("}""", "cannot be evaluated")]
    [InlineData("""{"target_modules": "nothing"}""", "no module")]
    [InlineData("""{"layers_to_transform": [0]}""", "layers.1")]
    [InlineData("""{"exclude_modules": ["layers.2.mlp.down_proj"]}""", "layers.2.mlp.down_proj")]
    [InlineData("""{"r": 0}""", "rank 0")]
    [InlineData("""{"r": 3}""", "expected [3,")]
    [InlineData("""{"rank_pattern": {"q_proj": 2}}""", "expected [2,")]
    [InlineData("""{"base_model_name_or_path": "elsewhere/other"}""", "'other'")]
    public void A_configuration_that_is_not_supported_or_does_not_fit_is_refused(string change, string part)
    {
        var folder = Path.Combine(FixtureFolder.Find("architectures"), "qwen3");
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "adapter", "adapter_config.json")))!.AsObject();
        foreach (var (key, value) in JsonNode.Parse(change)!.AsObject()) config[key] = value?.DeepClone();
        File.WriteAllText(Path.Combine(_folder, "adapter_config.json"), config.ToJsonString());
        File.Copy(Path.Combine(folder, "adapter", "adapter_model.safetensors"), Path.Combine(_folder, "adapter_model.safetensors"));
        using var model = ModelFiles.Open(folder);
        var fault = Record.Exception(() => AdapterFiles.Load(_folder, model.Configuration, "qwen3"));
        Assert.True(fault is InvalidDataException or NotSupportedException, fault?.ToString() ?? "it was accepted");
        Assert.Contains(part, fault!.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static double RankStabilised(string name, ModelFiles model)
    {
        var configuration = Load(name, model).Configuration;
        Assert.True(configuration.RankStabilized);
        return configuration.Alpha / Math.Sqrt(configuration.Rank);
    }

    private static string Shape(List<JsonProperty> tensors, string end) =>
        $"[{string.Join(", ", tensors.Single(tensor => tensor.Name == "base_model.model." + end).Value.EnumerateArray())}]";

    private static AdapterFiles Load(string name, ModelFiles model) =>
        AdapterFiles.Load(Path.Combine(Adapters!, name), model.Configuration, Path.GetFileName(model.Folder), model);

    private static ModelFiles Model(string name) => ModelFiles.Open(Path.Combine(FixtureFolder.Find("training/models"), name));

    private static JsonElement Case(string kind, string name)
    {
        using var cases = JsonDocument.Parse(File.ReadAllText(Path.Combine(Adapters!, "cases.json")));
        return cases.RootElement.GetProperty(kind).EnumerateArray().Single(entry => entry.GetProperty("name").GetString() == name).Clone();
    }

    private static TheoryData<string> Names(string kind)
    {
        if (Adapters is null) return [""]; // larger than the repository's copy of the fixtures may be
        using var cases = JsonDocument.Parse(File.ReadAllText(Path.Combine(Adapters, "cases.json")));
        return new(cases.RootElement.GetProperty(kind).EnumerateArray().Select(entry => entry.GetProperty("name").GetString()!));
    }
}
