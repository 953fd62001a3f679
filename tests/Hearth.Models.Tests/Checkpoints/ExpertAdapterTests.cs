using System.Text.Json.Nodes;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>Adapters of experts in both of PEFT's layouts: what is loaded is saved again, and what does not fit is refused.</summary>
[Trait("Category", "Fixtures")]
public sealed class ExpertAdapterTests : IDisposable
{
    private const string Absent = "The mixture of experts is not in the repository's copy of the fixtures.";
    private static readonly string Model = Path.Combine(FixtureFolder.Find("architectures"), "qwen3-moe");
    private static readonly bool IsPresent = Directory.Exists(Path.Combine(Model, "adapter-fused"));
    private readonly string _folder = Directory.CreateTempSubdirectory("hearth-experts-").FullName;

    /// <summary>Empty where the repository's copy of the fixtures has no such adapters.</summary>
    public static TheoryData<string> Adapters() => IsPresent ? ["adapter", "adapter-experts", "adapter-fused"] : [""];

    [Theory, MemberData(nameof(Adapters))]
    public void A_loaded_adapter_is_saved_as_it_was(string name)
    {
        var configuration = Configuration();
        using var adapter = LoraAdapter.Load(Path.Combine(Model, name), configuration);
        var target = Path.Combine(_folder, "saved");
        adapter.Save(target, "qwen3-moe");
        Assert.Equal(File.ReadAllBytes(Path.Combine(Model, name, "adapter_model.safetensors")), File.ReadAllBytes(Path.Combine(target, "adapter_model.safetensors")));
        using var again = LoraAdapter.Load(target, configuration);
        Assert.Equal(adapter.Parameters.All.Select(parameter => parameter.Name), again.Parameters.All.Select(parameter => parameter.Name));
        TensorComparison.RequireEqualBits(name, adapter.Parameters.Values.Span.ToArray(), again.Parameters.Values.Span.ToArray());
    }

    [Fact]
    public void Gate_and_up_of_a_fused_adapter_share_a()
    {
        using var adapter = LoraAdapter.Load(Path.Combine(Model, "adapter-fused"), Configuration());
        Assert.True(adapter.HasExperts(1));
        Assert.False(adapter.HasExperts(0));
        Assert.True(adapter.Pair(1, 5, Projection.Gate)!.SharesA(adapter.Pair(1, 5, Projection.Up)));
        Assert.False(adapter.Pair(1, 5, Projection.Gate)!.SharesA(adapter.Pair(1, 4, Projection.Gate)));
    }

    public static TheoryData<string, string, string> Misfits() => !IsPresent ? new() { { "", "", "" } } : new()
    {
        { "adapter-fused", """{"target_parameters": ["mlp.experts.gate_up_proj"]}""", "experts.lora_A" }, // down's tensors have another shape
        { "adapter-fused", """{"target_parameters": ["mlp.gate.weight"]}""", "mlp.gate.weight" },
        { "adapter-fused", """{"target_parameters": null}""", "experts" },
        { "adapter-fused", """{"layers_to_transform": [1]}""", "layers_to_transform" },
        { "adapter-fused", """{"target_modules": ["q_proj", "v_proj", "gate"]}""", "router" },
        { "adapter-fused", """{"r": 2}""", "expected [2," },
        { "adapter-experts", """{"target_modules": ["q_proj", "gate_proj", "up_proj"]}""", "down_proj" }, // tensors without a target
        { "adapter-experts", """{"target_modules": ["q_proj", "k_proj", "gate_proj", "up_proj", "down_proj"]}""", "k_proj" },
    };

    [Theory, MemberData(nameof(Misfits))]
    public void An_adapter_that_does_not_fit_is_refused(string name, string change, string part)
    {
        var configuration = Configuration();
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(Model, name, "adapter_config.json")))!.AsObject();
        foreach (var (key, value) in JsonNode.Parse(change)!.AsObject()) config[key] = value?.DeepClone();
        File.WriteAllText(Path.Combine(_folder, "adapter_config.json"), config.ToJsonString());
        File.Copy(Path.Combine(Model, name, "adapter_model.safetensors"), Path.Combine(_folder, "adapter_model.safetensors"));
        var fault = Record.Exception(() => AdapterFiles.Load(_folder, configuration));
        Assert.True(fault is InvalidDataException or NotSupportedException, fault?.ToString() ?? "it was accepted");
        Assert.Contains(part, fault!.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static ModelConfiguration Configuration()
    {
        Assert.SkipUnless(IsPresent, Absent);
        return ModelConfiguration.FromConfigFile(Path.Combine(Model, "config.json"));
    }
}
