using System.Runtime.InteropServices;
using Hearth.Numerics;
using Hearth.TestKit;
using Xunit;

namespace Hearth.Models.Tests;

/// <summary>GGUF files of llama.cpp, in every storage type that is read, against transformers on their dequantised weights; tolerance of the fixtures' README.</summary>
[Trait("Category", "Fixtures")]
public sealed class GgufLogitsTests : IDisposable
{
    private const double Tolerance = 1e-4;

    private readonly ComputePool _pool = new(2);

    /// <summary>Files of supported architectures whose tensors are all of types that are read.</summary>
    public static TheoryData<string> Files() => new(((string[])
    [
        "llama/BF16", "llama/Q8_0", "llama/Q4_0", "llama/Q4_1", "llama/Q5_0", "llama/Q4_K_M", "llama/Q6_K", "llama3-spm/F32", "llama3-spm/F16", "llama3-spm/Q8_0", "qwen2/Q8_0", "qwen2/Q4_K_M", "qwen3/Q8_0", "qwen3/Q6_K", "qwen3/Q4_K_M", "qwen3moe/Q8_0", "qwen3moe/Q4_K_M",
    ]));

    [Theory, MemberData(nameof(Files))]
    public void Logits_and_greedy_continuations_equal_the_reference(string name)
    {
        var models = FixtureFolder.TryFind("gguf/models");
        Assert.SkipWhen(models is null, "The model files of the fixtures are not here (HEARTH_FIXTURES or ../shared/fixtures).");
        var (folder, format) = (Path.Combine(models!, Path.GetDirectoryName(name)!), Path.GetFileName(name));
        using var expected = SafetensorsFile.Open(Path.Combine(folder, "expected.safetensors"));
        using var files = ModelFiles.Open(Path.Combine(folder, format + ".gguf"));
        using var model = TransformerModel.Load(files);
        using var sequence = new SingleSequence(model, _pool);
        var logits = sequence.Append(Ints(expected, format + ".prompt"));
        TensorComparison.RequireClose(name, expected.Get(format + ".logits").ToFloat32(), logits, Tolerance);
        var last = logits.AsSpan()[^model.Configuration.VocabularySize..].ToArray();
        foreach (int token in Ints(expected, format + ".greedy"))
        {
            Assert.Equal(token, Array.IndexOf(last, last.Max()));
            last = sequence.Append([token]);
        }
    }

    public void Dispose() => _pool.Dispose();

    private static int[] Ints(SafetensorsFile file, string name) => MemoryMarshal.Cast<byte, int>(file.Get(name).Bytes).ToArray();
}
